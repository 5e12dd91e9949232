"""Certificates of the authorities that vouch for a server."""

import ssl
from pathlib import Path

from wn_gan.errors import bad_flag

TLS_HINT = "--tls_ca names the PEM file of the server's authority"


def tls_context(authority: str | None) -> ssl.SSLContext:
    """Returns a context that checks the server's certificate and name.

    Args:
        authority: path of a PEM file; None for the system's authorities.

    Raises:
        UserError: if the file is missing or holds no certificate.
    """
    path = None if authority is None else Path(authority).expanduser()
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one, too
        raise bad_flag(
            "tls_ca",
            authority,
            f"is no PEM file of certificates: {error.strerror or error}",
        ) from error


def root_certificates(authority: str | None) -> bytes | None:
    """Returns the content of a PEM file for gRPC.

    Args:
        authority: path of a PEM file; None for the system's authorities.

    Returns:
        None if the system has no such file: gRPC then uses its own.

    Raises:
        UserError: see `tls_context`.
    """
    tls_context(authority)  # gRPC would find a bad file only when it calls
    path = authority or ssl.get_default_verify_paths().cafile
    return None if path is None else Path(path).expanduser().read_bytes()

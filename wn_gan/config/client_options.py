"""Options of `wn_gan.client`."""

import dataclasses

from wn_gan.config.code_options import CodeOptions
from wn_gan.config.option import check_values, option, require
from wn_gan.errors import bad_flag

TRANSPORTS = ("grpc", "rest")
# Largest batch of an exported model's server, in `batching_parameters.txt`.
SERVING_BATCH_SIZE = 64
_LARGEST_PORT = 2**16 - 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """A served model, and how to reach it.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    address: str | None = option(
        None, "host:port of the server.", required=True
    )
    model: str | None = option(None, "Name of the model.", required=True)
    protocol: str = option(
        "grpc",
        "'grpc' (usually port 8500; needs wn_gan[serving]) or 'rest' (8501).",
        choices=TRANSPORTS,
    )
    timeout: float = option(
        60.0,
        "Limit of a whole request in seconds, from the connection to the "
        "last byte of the answer.",
        above=0,
        maximum=1e6,
    )
    max_batch_size: int = option(
        SERVING_BATCH_SIZE,
        "Largest number of images per request; more are requested in several "
        "requests. The server's max_batch_size must not be smaller.",
        minimum=1,
    )
    tls: bool = option(False, "Encrypt the connection, and check the server.")
    tls_ca: str | None = option(
        None,
        "PEM file with the certificate of the authority that vouches for the "
        "server; default: the system's authorities.",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "address", "model")
        _check_address(self.address)
        if self.tls_ca is not None and not self.tls:
            raise bad_flag("tls_ca", self.tls_ca, "needs --tls")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClientOptions(ServerOptions, CodeOptions):
    """Server, model and number of images.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    output: str | None = option(None, "Folder for the images.", required=True)
    num_images: int = option(16, "Number of samples.", minimum=1)
    images: str | None = option(
        None,
        "Images to reconstruct: folder:<path>, zip:<path> or npz:<path> "
        "(uint8).",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "output")


def _check_address(address: str) -> None:
    """Refuses everything but host:port, e.g. a URL."""
    host, _, port = address.rpartition(":")
    bare = host and not set(host) & set("/@?# ")
    bare = bare and (":" not in host or host[0] + host[-1] == "[]")
    known = port.isascii() and port.isdecimal()
    if not bare or not known or not 0 < int(port) <= _LARGEST_PORT:
        raise bad_flag(
            "address",
            address,
            "must be host:port, e.g. localhost:8500, without http:// or a path",
        )

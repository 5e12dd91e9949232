"""A self-signed certificate for the loopback, made when it is needed."""

import shutil
import subprocess

import pytest

_COMMAND = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=IP:127.0.0.1,DNS:localhost"
)


def self_signed(folder):
    """Paths of a certificate and its key, both PEM."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl, which makes a certificate")
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "certificate.pem", folder / "key.pem"
    files = [f"-out={paths[0]}", f"-keyout={paths[1]}"]
    files = [word for file in files for word in file.split("=", 1)]
    subprocess.run([*_COMMAND.split(), *files], check=True, capture_output=True)
    return paths

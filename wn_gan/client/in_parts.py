"""Runs a signature in requests that the server accepts."""

from typing import Protocol

import numpy as np

from wn_gan.client.answers import unusable
from wn_gan.config import ServerOptions
from wn_gan.errors import UserError

Arrays = dict[str, np.ndarray]


class Transport(Protocol):
    """Calls one model.

    Attributes:
        server: the server and the model.
    """

    server: ServerOptions

    def predict(self, signature: str, inputs: Arrays) -> Arrays:
        """Runs a signature; returns its outputs by name."""
        ...


def run_in_parts(
    transport: Transport, signature: str, inputs: Arrays
) -> Arrays:
    """Runs a signature, with at most `max_batch_size` rows per request.

    Args:
        transport: the connection.
        signature: name of the signature.
        inputs: inputs by name, of one length.

    Returns:
        Outputs by name, of the same length.

    Raises:
        UserError: if the inputs are empty, or the answers do not have a row
            per input row; see `ServingClient`, too.
    """
    name, first = next(iter(inputs.items()))
    if not first.ndim or not len(first):
        raise UserError(
            f"{signature}: {name} must hold at least one item, has shape "
            f"{list(first.shape)}"
        )
    size = transport.server.max_batch_size
    parts = [
        _request(
            transport,
            signature,
            {key: x[start : start + size] for key, x in inputs.items()},
        )
        for start in range(0, len(first), size)
    ]
    try:
        return {
            key: np.concatenate([part[key] for part in parts])
            for key in parts[0]
        }
    except (KeyError, ValueError) as error:
        raise unusable(
            transport.server, f"its answers of {signature} differ in form"
        ) from error


def check_rank(
    server: ServerOptions, name: str, found: np.ndarray, rank: int
) -> None:
    """Checks an output of numbers.

    Args:
        server: the server, for the message.
        name: name of the output or its signature.
        found: the output.
        rank: its number of dimensions.

    Raises:
        UserError: for another number of dimensions, or bytes.
    """
    if found.ndim != rank or found.dtype == object:
        raise unusable(
            server,
            f"its output of {name} has shape {list(found.shape)} and type "
            f"{found.dtype}: must be numbers with {rank} dimensions",
        )


def _request(transport: Transport, signature: str, inputs: Arrays) -> Arrays:
    count = len(next(iter(inputs.values())))
    found = transport.predict(signature, inputs)
    for name, array in found.items():
        if array.shape[:1] != (count,):
            raise unusable(
                transport.server,
                f"its output {name!r} of {signature} has shape "
                f"{list(array.shape)} for a batch of {count}",
            )
    return found

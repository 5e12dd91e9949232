"""What one asks a served generator for."""

from typing import NamedTuple

import numpy as np

from wn_gan.client.grpc_transport import GrpcTransport
from wn_gan.client.rest_transport import RestTransport
from wn_gan.errors import bad_flag
from wn_gan.generators.codes import truncations

PROTOCOLS = {"grpc": GrpcTransport, "rest": RestTransport}


class Placed(NamedTuple):
    """Images and what the generator makes of them.

    Attributes:
        z: their codes, `[batch, code_size]`.
        images: reconstructions, in [0, 1].
        losses: mean squared error of each, `[batch]`.
    """

    z: np.ndarray
    images: np.ndarray
    losses: np.ndarray


class ServingClient:
    """A generator behind TensorFlow Serving; a context manager.

    Args:
        address: host:port of the server.
        model: name of the model.
        protocol: "grpc" (port 8500 by custom) or "rest" (8501).
        timeout: seconds that a call may take.

    Raises:
        UserError: in every method, where the server does not answer, has no
            such model, or refuses the input; in its words.
    """

    def __init__(
        self,
        address: str,
        model: str,
        protocol: str = "grpc",
        timeout: float = 60.0,
    ):
        if protocol not in PROTOCOLS:
            names = ", ".join(PROTOCOLS)
            raise bad_flag("protocol", protocol, f"must be one of {names}")
        self._transport = PROTOCOLS[protocol](address, model, timeout)

    def __enter__(self) -> "ServingClient":
        """Nothing is sent yet."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the connection."""
        self._transport.close()

    @property
    def code_size(self) -> int:
        """Length of a code."""
        return self._transport.input_shape("serving_default", "z")[1]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return tuple(self._transport.input_shape("reconstruct", "images")[1:])

    def generate(self, z: np.ndarray) -> np.ndarray:
        """Codes `[batch, code_size]` -> images, float32 in [0, 1]."""
        return self._only("serving_default", z=np.float32(z))

    def sample(
        self, seeds: np.ndarray, truncation: float | None = None
    ) -> np.ndarray:
        """An image a seed, float32 in [0, 1]."""
        seeds = np.asarray(seeds, np.int64)
        cuts = truncations(len(seeds), truncation)
        return self._only("sample", seed=seeds, truncation=cuts)

    def png(self, z: np.ndarray) -> list[bytes]:
        """A PNG of each code's image."""
        return list(self._only("png", z=np.float32(z)))

    def reconstruct(self, images: np.ndarray) -> Placed:
        """The nearest that the generator comes to images in [0, 1]."""
        inputs = {"images": np.float32(images)}
        found = self._transport.predict("reconstruct", inputs)
        return Placed(found["z"], found["reconstruction"], found["loss"])

    def _only(self, signature: str, **inputs: np.ndarray) -> np.ndarray:
        """The one output of a signature that has one."""
        (found,) = self._transport.predict(signature, inputs).values()
        return found

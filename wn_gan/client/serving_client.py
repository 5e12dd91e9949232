"""Client of a served generator."""

from typing import NamedTuple

import numpy as np

from wn_gan.client.grpc_transport import GrpcTransport
from wn_gan.client.rest_transport import RestTransport
from wn_gan.errors import bad_flag
from wn_gan.generators.codes import truncations

PROTOCOLS = {"grpc": GrpcTransport, "rest": RestTransport}


class Placed(NamedTuple):
    """Reconstructions of images.

    Attributes:
        z: latent codes, `[batch, code_size]`.
        images: reconstructions, `[batch, height, width, channels]` in [0, 1].
        losses: mean squared error of each image, `[batch]`.
    """

    z: np.ndarray
    images: np.ndarray
    losses: np.ndarray


class ServingClient:
    """A generator behind TensorFlow Serving; a context manager.

    Args:
        address: host:port of the server.
        model: name of the model.
        protocol: "grpc" (usual port: 8500) or "rest" (8501).
        timeout: limit per call, in seconds.

    Raises:
        UserError: for an unknown protocol; in every method, if the server
            does not answer, has no such model, or rejects the input.
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
        return self

    def __exit__(self, *exception: object) -> None:
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
        """Generates images, float32 in [0, 1], from `[batch, code_size]`."""
        return self._only("serving_default", z=np.float32(z))

    def sample(
        self, seeds: np.ndarray, truncation: float | None = None
    ) -> np.ndarray:
        """Generates one image per seed, float32 in [0, 1].

        Args:
            seeds: integers, `[batch]`.
            truncation: limit in standard deviations; None for no truncation.
        """
        seeds = np.asarray(seeds, np.int64)
        cuts = truncations(len(seeds), truncation)
        return self._only("sample", seed=seeds, truncation=cuts)

    def png(self, z: np.ndarray) -> list[bytes]:
        """Generates one PNG per code, from `[batch, code_size]`."""
        return list(self._only("png", z=np.float32(z)))

    def reconstruct(self, images: np.ndarray) -> Placed:
        """Searches codes for images `[batch, ...]` in [0, 1]."""
        inputs = {"images": np.float32(images)}
        found = self._transport.predict("reconstruct", inputs)
        return Placed(found["z"], found["reconstruction"], found["loss"])

    def _only(self, signature: str, **inputs: np.ndarray) -> np.ndarray:
        """Runs a signature with a single output; returns this output."""
        (found,) = self._transport.predict(signature, inputs).values()
        return found

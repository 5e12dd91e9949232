"""Client of a served generator."""

from typing import NamedTuple

import numpy as np

from wn_gan.client.answers import unknown_model, unusable
from wn_gan.client.grpc_transport import GrpcTransport
from wn_gan.client.in_parts import check_rank, run_in_parts
from wn_gan.client.rest_transport import RestTransport
from wn_gan.config import ClientOptions, ServerOptions
from wn_gan.generators.codes import truncations

PROTOCOLS = {"grpc": GrpcTransport, "rest": RestTransport}
# The outputs of `reconstruct` and their numbers of dimensions.
_PLACED = {"z": 2, "reconstruction": 4, "loss": 1}


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
        timeout: limit of a whole request, in seconds.
        max_batch_size: largest number of images per request. More images are
            requested in several requests, one after another.
        tls: whether to encrypt the connection and check the server.
        tls_ca: path of a PEM file with the authority's certificate; None for
            the system's authorities.

    Raises:
        UserError: for an invalid argument; in every method, if the server
            does not answer, has no such model, or rejects the input, and for
            an empty input.
    """

    def __init__(
        self,
        address: str,
        model: str,
        protocol: str = ClientOptions.protocol,
        timeout: float = ClientOptions.timeout,
        max_batch_size: int = ClientOptions.max_batch_size,
        tls: bool = ClientOptions.tls,
        tls_ca: str | None = ClientOptions.tls_ca,
    ):
        self.server = ServerOptions(
            address=address,
            model=model,
            protocol=protocol,
            timeout=timeout,
            max_batch_size=max_batch_size,
            tls=tls,
            tls_ca=tls_ca,
        )
        self._transport = PROTOCOLS[protocol](self.server)

    def __enter__(self) -> "ServingClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self._transport.close()

    @property
    def code_size(self) -> int:
        """Length of a code."""
        return self._item_shape("serving_default", "z", 1)[0]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self._item_shape("reconstruct", "images", 3)

    def generate(self, z: np.ndarray) -> np.ndarray:
        """Generates images, float32 in [0, 1], from `[batch, code_size]`."""
        return self._images("serving_default", z=np.float32(z))

    def sample(
        self, seeds: np.ndarray, truncation: float | None = None
    ) -> np.ndarray:
        """Generates one image per seed, float32 in [0, 1].

        Args:
            seeds: integers, `[batch]`.
            truncation: limit in standard deviations; None for no truncation.
        """
        seeds = np.asarray(seeds, np.int64)
        cuts = truncations(seeds.size, truncation)
        return self._images("sample", seed=seeds, truncation=cuts)

    def png(self, z: np.ndarray) -> list[bytes]:
        """Generates one PNG per code, from `[batch, code_size]`."""
        found = list(self._only("png", {"z": np.float32(z)}))
        if not all(isinstance(content, bytes) for content in found):
            raise unusable(self.server, "its output of png holds no bytes")
        return found

    def reconstruct(self, images: np.ndarray) -> Placed:
        """Searches codes for images `[batch, ...]` in [0, 1]."""
        inputs = {"images": np.float32(images)}
        found = run_in_parts(self._transport, "reconstruct", inputs)
        for name, rank in _PLACED.items():
            if name not in found:
                raise unusable(
                    self.server, f"the answer of reconstruct has no {name!r}"
                )
            check_rank(self.server, name, found[name], rank)
        return Placed(*(found[name] for name in _PLACED))

    def _item_shape(self, signature: str, name: str, rank: int) -> tuple:
        """Shape of one item of an input, without the batch dimension."""
        _, *shape = self._transport.input_shape(signature, name) or [None]
        if len(shape) != rank or min(shape) < 1:
            raise unknown_model(
                self.server,
                f"is no generator: {signature}({name}) has items of {shape}",
            )
        return tuple(shape)

    def _images(self, signature: str, **inputs: np.ndarray) -> np.ndarray:
        found = self._only(signature, inputs)
        check_rank(self.server, signature, found, 4)
        return found

    def _only(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Runs a signature with a single output; returns this output."""
        found = run_in_parts(self._transport, signature, inputs)
        if len(found) != 1:
            raise unusable(
                self.server,
                f"{len(found)} outputs of {signature} instead of one",
            )
        return next(iter(found.values()))

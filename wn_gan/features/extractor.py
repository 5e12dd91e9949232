"""A network that turns images into features, and where it comes from."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from wn_gan.features import imported
from wn_gan.features.extractor_choice import (
    LITE0,
    extractor_name,
    weights_path,
)
from wn_gan.features.lite0 import SIZE, build_lite0
from wn_gan.files import path_sha256

FID_GRAPH_SHA256 = ""
"""SHA-256 of `classify_image_graph_def.pb` of 2015-12-05, by which FID is
defined. A maintainer enters it after checking the file; while it is empty, no
number of this package is called FID."""

Images = tf.Tensor


@dataclasses.dataclass(frozen=True)
class Extractor:
    """Features of images.

    Attributes:
        name: short, for a protocol.
        sha256: of the file with the weights.
        features: float images `[batch, height, width, 3]` in [0, 255] ->
            features `[batch, width]`.
        layers: the same images -> outputs of several layers, each
            `[batch, height, width, channels]`; None if unknown.
    """

    name: str
    sha256: str
    features: Callable[[Images], tf.Tensor]
    layers: Callable[[Images], list[tf.Tensor]] | None = None

    @property
    def word(self) -> str:
        """Name and hash, usable in a file's name."""
        return f"{self.name}-{self.sha256[:12]}"

    @property
    def frechet_name(self) -> str:
        """The Fréchet distance is FID for the one network that defines it."""
        return "FID" if self.sha256 == FID_GRAPH_SHA256 else "FD"


def open_extractor(choice: str) -> Extractor:
    """Opens an extractor.

    Args:
        choice: "lite0", or the path of a `.keras` file, of a SavedModel or of
            a frozen graph (`.pb`).

    Raises:
        UserError: for a missing or unusable file.
    """
    if choice == LITE0:
        path = weights_path()
        network = build_lite0(path)
        # One graph for both: what is not asked for is pruned away.
        outputs = tf.function(
            lambda images: network(_resized(images), training=False)
        )
        return Extractor(
            LITE0,
            path_sha256(path),
            lambda images: outputs(images)[0],
            lambda images: outputs(images)[1:],
        )
    path = Path(choice)
    name = extractor_name(choice)
    features = imported.load(path)
    return Extractor(name, path_sha256(path), features)


def _resized(images: Images) -> Images:
    return tf.image.resize(images, (SIZE, SIZE), "bicubic", antialias=True)

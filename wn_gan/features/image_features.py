"""Features of a set of images: in batches, on disk, once."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import tensorflow as tf

from wn_gan.features.extractor import Extractor
from wn_gan.files import replacing
from wn_gan.progress import Progress

BATCH = 50
GetImages = Callable[[slice], np.ndarray]


def as_input(images: np.ndarray) -> tf.Tensor:
    """uint8 images, gray or in color, as an extractor's float input."""
    images = tf.cast(images, tf.float32)
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def image_features(
    extractor: Extractor,
    get: GetImages,
    count: int,
    images_sha256: str,
    folder: Path,
    progress: Progress,
) -> np.ndarray:
    """Features of a set of images, memory-mapped.

    A file in `folder` holds them: a second call for the same images and
    extractor reads it.

    Args:
        extractor: of the features.
        get: a slice of positions -> uint8 `[n, height, width, channels]`.
        count: number of images.
        images_sha256: hash of the images.
        folder: of the cache.
        progress: advances by each image.

    Returns:
        float32 `[count, width]`.
    """
    key = f"{extractor.sha256} {images_sha256} {count}"
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    path = folder / f"features-{name}.npy"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_suffix(".lock")):
        if not path.exists():
            _write(path, extractor, get, count, progress)
        else:
            progress.advance(count)
    return np.load(path, mmap_mode="r")


def _write(
    path: Path,
    extractor: Extractor,
    get: GetImages,
    count: int,
    progress: Progress,
) -> None:
    written = None
    with replacing(path) as partial:
        for first in range(0, count, BATCH):
            rows = slice(first, min(first + BATCH, count))
            found = extractor.features(as_input(get(rows))).numpy()
            if written is None:
                written = np.lib.format.open_memmap(
                    partial,
                    mode="w+",
                    dtype=np.float32,
                    shape=(count, found.shape[1]),
                )
            written[rows] = found
            progress.advance(len(found))
        written.flush()

"""What a reconstruction loss is to be held against.

Three controls need only the data and are cached by the content of the split;
the others need a generator and are measured with the final test's own search.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wn_gan.data import Split, Subset
from wn_gan.data.nearest import nearest
from wn_gan.files import cache_folder, write_json
from wn_gan.images import to_unit

# Up to this many numbers an image, PCA uses all images; beyond, a sample.
EXACT_PCA_SIZE = 4096
PCA_SAMPLE = 4000


def data_controls(
    split: Split,
    split_sha256: str,
    code_size: int,
    cache: Path | None = None,
) -> dict[str, float]:
    """Mean squared errors of the final test's images against simple models.

    Args:
        split: of the run.
        split_sha256: content hash of the split, the cache's key.
        code_size: number of principal components.
        cache: folder of the cache; default `cache_folder()`.

    Returns:
        `mean_image`, `pca` (as many components as a code has numbers) and
        `nearest_training_image`, over the final test's images.
    """
    folder = cache_folder() if cache is None else cache
    path = folder / f"controls-{split_sha256[:16]}-k{code_size}.json"
    if path.exists():
        return json.loads(path.read_text())
    train, test = split.train, _flat(split.final_test[:])
    found = {
        "mean_image": mean_image_error(train, test),
        "pca": pca_error(train, test, code_size),
        "nearest_training_image": float(np.mean(nearest(train, test)[1])),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, found)
    return found


def _flat(stored: np.ndarray) -> np.ndarray:
    return to_unit(stored).reshape(len(stored), -1)


def _pieces(train: Subset) -> Iterator[np.ndarray]:
    """All training images, flat, a thousand at a time."""
    for first in range(0, len(train), 1000):
        yield _flat(train[first : first + 1000])


def _mean_image(train: Subset) -> np.ndarray:
    total = np.zeros(int(np.prod(train.shape[1:])))
    for piece in _pieces(train):
        total += piece.sum(axis=0, dtype=float)
    return total / len(train)


def mean_image_error(train: Subset, test: np.ndarray) -> float:
    """Error of the training images' mean.

    Args:
        train: the training images.
        test: float in [0, 1], `[images, numbers]`.
    """
    return float(np.mean((test - _mean_image(train)) ** 2))


def pca_error(train: Subset, test: np.ndarray, components: int) -> float:
    """Error of the projection on the training images' main components.

    Exact for images of up to 4,096 numbers, else from 4,000 images.
    """
    mean = _mean_image(train)
    size = len(mean)
    if size <= EXACT_PCA_SIZE:
        covariance = np.zeros((size, size))
        for piece in _pieces(train):
            centered = piece - mean
            covariance += centered.T @ centered
        _, vectors = np.linalg.eigh(covariance)
        basis = vectors[:, -components:]
    else:
        order = np.random.RandomState(0).permutation(len(train))
        centered = _flat(train[order[:PCA_SAMPLE]]) - mean
        _, _, rows = np.linalg.svd(centered, full_matrices=False)
        basis = rows[:components].T
    centered = test - mean
    return float(np.mean((centered - centered @ basis @ basis.T) ** 2))

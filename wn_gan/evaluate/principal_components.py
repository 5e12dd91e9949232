"""Errors of images that are projected on the main components of others.

Pixels and means are `signed` (see `data.exact_products`); errors are mean
squares of pixels in [0, 1].
"""

from collections.abc import Iterator

import numpy as np
import scipy.linalg

from wn_gan.data.exact_products import add_column_products, products, signed

_LEVELS = 255
_ROWS = 128  # converted to float64 at a time, which bounds the memory


def mean_error(targets: np.ndarray, mean: np.ndarray) -> float:
    """Mean squared error of one image for all targets.

    Args:
        targets: uint8 `[n, numbers]`.
        mean: the image, float64 `[numbers]`.
    """
    total = sum(np.sum(rows**2) for _, rows in _centered(targets, mean))
    return _mean_square(total, targets)


def covariance_error(
    targets: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    components: int,
) -> float:
    """Error of the projection on the components of a covariance.

    Args:
        targets: uint8 `[n, numbers]`.
        mean: of the other images, float64 `[numbers]`.
        covariance: theirs; only its upper triangle is read. It is
            overwritten.
        components: number of components; those without variance are left out.
    """
    _, basis = _main_components(covariance, components)
    total = 0.0
    for _, rows in _centered(targets, mean):
        total += np.sum((rows - rows @ basis @ basis.T) ** 2)
    return _mean_square(total, targets)


def sample_error(
    targets: np.ndarray, mean: np.ndarray, sample: np.ndarray, components: int
) -> float:
    """The same for fewer images than numbers, without their covariance.

    With x the centered images, one per row, and x x' = u s u', the
    components are x' u / sqrt(s), and t x' u / sqrt(s) is a target's code.

    Args:
        targets: uint8 `[n, numbers]`.
        mean: of the other images, float64 `[numbers]`.
        sample: some of the other images, uint8 `[m, numbers]`.
        components: number of components; those without variance are left out.
    """
    gram = np.zeros((len(sample), len(sample)), order="F")
    add_column_products(gram, sample.T)
    # (x - mean) (y - mean)' = x y' - x mean' - mean y' + mean mean'
    offsets = mean @ mean - _times(sample, mean)
    gram += offsets[:, np.newaxis]
    gram += offsets - mean @ mean
    variances, vectors = _main_components(gram, components)
    del gram
    total = 0.0
    for some, rows in _centered(targets, mean):
        shared = products(targets[some], sample) + offsets
        shared -= _times(targets[some], mean)[:, np.newaxis]
        codes = shared @ vectors / np.sqrt(variances)
        total += max(np.sum(rows**2) - np.sum(codes**2), 0)
    return _mean_square(total, targets)


def _main_components(
    matrix: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues `[k]`, and eigenvectors `[numbers, k]`.

    Those that are 0 but for rounding are left out.
    """
    size = len(matrix)
    values, vectors = scipy.linalg.eigh(
        matrix,
        lower=False,
        overwrite_a=True,
        subset_by_index=[max(size - count, 0), size - 1],
    )
    kept = values > max(values[-1], 0) * size * np.finfo(float).eps
    return values[kept], vectors[:, kept]


def _centered(
    flat: np.ndarray, mean: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields some rows' place, and they minus the mean in float64."""
    for first in range(0, len(flat), _ROWS):
        some = slice(first, first + _ROWS)
        yield some, signed(flat[some]) - mean


def _times(flat: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Each row times the mean, float64 `[n]`."""
    parts = [
        signed(flat[first : first + _ROWS]).astype(float) @ mean
        for first in range(0, len(flat), _ROWS)
    ]
    return np.concatenate(parts)


def _mean_square(total: float, targets: np.ndarray) -> float:
    return float(total) / targets.size / _LEVELS**2

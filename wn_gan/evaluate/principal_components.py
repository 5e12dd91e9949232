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
    sums = [np.sum(rows**2, axis=1) for _, rows in _centered(targets, mean)]
    return float(_mean_squares(np.concatenate(sums), targets).mean())


def covariance_error(
    targets: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    components: int,
) -> np.ndarray:
    """Errors of the projections on the components of a covariance.

    Args:
        targets: uint8 `[n, numbers]`.
        mean: of the other images, float64 `[numbers]`.
        covariance: theirs; only its upper triangle is read. It is
            overwritten.
        components: number of components; those without variance are left out.

    Returns:
        One error per target, `[n]`.
    """
    _, basis = _main_components(covariance, components)
    sums = [
        np.sum((rows - rows @ basis @ basis.T) ** 2, axis=1)
        for _, rows in _centered(targets, mean)
    ]
    return _mean_squares(np.concatenate(sums), targets)


def sample_error(
    targets: np.ndarray, mean: np.ndarray, sample: np.ndarray, components: int
) -> np.ndarray:
    """The same for fewer images than numbers, without their covariance.

    With x the centered images, one per row, and x x' = u s u', the
    components are x' u / sqrt(s), and t x' u / sqrt(s) is a target's code.

    Args:
        targets: uint8 `[n, numbers]`.
        mean: of the other images, float64 `[numbers]`.
        sample: some of the other images, uint8 `[m, numbers]`.
        components: number of components; those without variance are left out.

    Returns:
        One error per target, `[n]`.
    """
    gram = np.zeros((len(sample), len(sample)), order="F")
    add_column_products(gram, sample.T)
    # (x - mean) (y - mean)' = x y' - x mean' - mean y' + mean mean'
    offsets = mean @ mean - _times(sample, mean)
    gram += offsets[:, np.newaxis]
    gram += offsets - mean @ mean
    variances, vectors = _main_components(gram, components)
    del gram
    sums = []
    for some, rows in _centered(targets, mean):
        shared = products(targets[some], sample) + offsets
        shared -= _times(targets[some], mean)[:, np.newaxis]
        codes = shared @ vectors / np.sqrt(variances)
        rest = np.sum(rows**2, axis=1) - np.sum(codes**2, axis=1)
        sums.append(np.maximum(rest, 0))
    return _mean_squares(np.concatenate(sums), targets)


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


def _mean_squares(sums: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Sums of squares per target as means of pixels in [0, 1]."""
    return sums / targets.shape[1] / _LEVELS**2

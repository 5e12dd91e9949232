"""Fréchet distance between two sets of features (FID's formula).

Heusel et al., arXiv:1706.08500: the distance of two Gaussians with the sets'
means and covariances. tr (S T)^1/2 of two covariances is the sum of the
singular values of X Y' / sqrt((n - 1)(m - 1)), X and Y the centred features.
So no square root of a matrix is needed, and few images give no complex number.
"""

from collections.abc import Iterator

import numpy as np

LEAST_IMAGES = 2048
"""Below this many images of either kind the bias is larger than what is
measured: the distance is computed only if it is asked for."""
LEAST_OF_COVARIANCE = 2  # of images, for a variance at all
BLOCK = 4096


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance.

    Args:
        one: features `[n, width]`, perhaps memory-mapped; n at least 2.
        other: features `[m, width]`, the same.
    """
    mean, trace, root = _gaussian(one)
    other_mean, other_trace, other_root = _gaussian(other)
    # Both roots are at most `width` rows high.
    singular = np.linalg.svd(root @ other_root.T, compute_uv=False)
    apart = ((mean - other_mean) ** 2).sum()
    return float(apart + trace + other_trace - 2 * singular.sum())


def _gaussian(features: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Mean, trace of the covariance, and R of covariance R'R."""
    mean = sum(block.sum(axis=0) for block in _blocks(features))
    mean = mean / len(features)
    scale = np.sqrt(len(features) - 1)
    root = np.zeros((0, features.shape[1]))
    for block in _blocks(features):
        rows = np.concatenate([root, (block - mean) / scale])
        small = len(rows) <= features.shape[1]
        root = rows if small else np.linalg.qr(rows, mode="r")
    return mean, float((root**2).sum()), root


def _blocks(features: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(features), BLOCK):
        yield np.asarray(features[first : first + BLOCK], np.float64)

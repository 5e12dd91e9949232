"""Precision, recall, density and coverage, from nearest neighbours.

Kynkäänniemi et al., arXiv:1904.06991, and Naeem et al., arXiv:2002.09797.
The ball of an image has its centre there and reaches to the k-th nearest other
image of its kind.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

NEAREST_K = 5
BLOCK = 2048


class Neighbourhood(NamedTuple):
    """Four shares, from 0 (worst); all but `density` end at 1.

    Attributes:
        precision: samples that lie in a real image's ball.
        recall: real images that lie in a sample's ball.
        density: real balls around a sample, over k; 1 is expected of real
            images.
        coverage: real images whose ball holds a sample.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhood(
    real: np.ndarray, samples: np.ndarray, k: int = NEAREST_K
) -> Neighbourhood:
    """Measures samples against real images.

    Args:
        real: features `[n, width]`, n above k.
        samples: features `[m, width]`, m above k.
        k: of the k-th nearest neighbour.

    Raises:
        ValueError: for too few images.
    """
    if min(len(real), len(samples)) <= k:
        raise ValueError(
            f"{k} nearest neighbours need more than {k} images of each kind, "
            f"got {len(real)} and {len(samples)}"
        )
    real_radii, radii = _radii(real, k), _radii(samples, k)
    in_real_balls = np.zeros(len(samples))
    in_a_ball = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for rows, columns, distances in _distances(real, samples):
        inside = distances < real_radii[rows, np.newaxis]
        in_real_balls[columns] += inside.sum(axis=0)
        covered[rows] |= inside.any(axis=1)
        in_a_ball[rows] |= (distances < radii[columns]).any(axis=1)
    return Neighbourhood(
        precision=float((in_real_balls > 0).mean()),
        recall=float(in_a_ball.mean()),
        density=float(in_real_balls.mean() / k),
        coverage=float(covered.mean()),
    )


def _radii(features: np.ndarray, k: int) -> np.ndarray:
    """Distance of each row to its k-th nearest other row."""
    # The nearest of k + 1 is the row itself.
    nearest = np.full((len(features), k + 1), np.inf)
    for rows, _, distances in _distances(features, features):
        found = np.concatenate([nearest[rows], distances], axis=1)
        nearest[rows] = np.partition(found, k, axis=1)[:, : k + 1]
    return nearest.max(axis=1)


def _distances(
    a: np.ndarray, b: np.ndarray
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Euclidean distances of blocks of rows of `a` to blocks of rows of `b`."""
    for rows, block in _blocks(a):
        squares = (block**2).sum(axis=1)[:, np.newaxis]
        for columns, other in _blocks(b):
            squared = squares + (other**2).sum(axis=1) - 2 * block @ other.T
            yield rows, columns, np.sqrt(np.maximum(squared, 0))


def _blocks(features: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for first in range(0, len(features), BLOCK):
        rows = slice(first, first + BLOCK)
        yield rows, np.asarray(features[rows], np.float64)

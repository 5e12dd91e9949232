"""Kernel distance between two sets of features (KID's squared MMD).

The measure is Bińkowski et al.'s, arXiv:1801.01401: the unbiased estimate of
the squared maximum mean discrepancy with the kernel (x.y / width + 1)^3.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats

SUBSETS = 10
LEAST_IMAGES = 2 * SUBSETS
RESAMPLES = 2000
_SEED = 0


class KernelDistance(NamedTuple):
    """Mean over disjoint subsets, and a 95% interval.

    Attributes:
        mean: about 0 for two sets of one distribution, and then as often
            below 0 as above.
        low: lower end of the percentile bootstrap over the subsets.
        high: upper end.
    """

    mean: float
    low: float
    high: float


def kernel_distance(one: np.ndarray, other: np.ndarray) -> KernelDistance:
    """Mean squared MMD over `SUBSETS` disjoint, seeded subsets.

    Disjoint subsets are independent, so a bootstrap over them is an interval
    for other images of the same kind.

    Args:
        one: features `[n, width]`, n at least `LEAST_IMAGES`.
        other: features `[m, width]`, the same.

    Raises:
        ValueError: for too few images.
    """
    if min(len(one), len(other)) < LEAST_IMAGES:
        raise ValueError(
            f"the kernel distance needs {LEAST_IMAGES} images of each kind, "
            f"got {len(one)} and {len(other)}"
        )
    random = np.random.RandomState(_SEED)
    pieces = [
        np.array_split(random.permutation(len(each)), SUBSETS)
        for each in (one, other)
    ]
    values = np.array(
        [squared_mmd(one[a], other[b]) for a, b in zip(*pieces, strict=True)]
    )
    if np.ptp(values) == 0:
        return KernelDistance(*[float(values[0])] * 3)
    interval = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.RandomState(_SEED),
    ).confidence_interval
    return KernelDistance(
        float(values.mean()), float(interval.low), float(interval.high)
    )


def squared_mmd(one: np.ndarray, other: np.ndarray) -> float:
    """Unbiased squared MMD of two sets.

    Args:
        one: features `[n, width]`, n at least 2.
        other: features `[m, width]`, m at least 2.
    """
    one, other = (np.asarray(each, np.float64) for each in (one, other))
    n, m = len(one), len(other)
    within = _kernel_sum(one, one) - _own_sum(one)
    within_other = _kernel_sum(other, other) - _own_sum(other)
    between = _kernel_sum(one, other)
    return float(
        within / (n * (n - 1))
        + within_other / (m * (m - 1))
        - 2 * between / (n * m)
    )


def _kernel_sum(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of the kernel over all pairs, in blocks of rows."""
    rows = range(0, len(a), 1024)
    width = a.shape[1]
    return sum(
        float(((a[i : i + 1024] @ b.T / width + 1) ** 3).sum()) for i in rows
    )


def _own_sum(a: np.ndarray) -> float:
    """Sum of the kernel of each row with itself."""
    return float((((a**2).sum(axis=1) / a.shape[1] + 1) ** 3).sum())

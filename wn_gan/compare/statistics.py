"""Statistics over training runs: pure functions of arrays.

The unit is a run (a seed), never an image. A run without a value, because it
failed or collapsed, has the value infinity: lower is better, so it ranks last.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import scipy.stats

LEVEL = 0.05
MIN_SEEDS_FOR_INTERVAL = 3
RESAMPLES = 2000
# Sign patterns beyond which the exact test draws a seeded sample instead.
_MAX_EXACT = 16


def paired_differences(values: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Differences by seed, lower is better.

    Args:
        values: `[seeds]`, infinite for a failed run.
        baseline: of the same seeds.

    Returns:
        `[seeds]`: infinite where one of the two failed (negative where the
        baseline did), 0 where both failed.
    """
    with np.errstate(invalid="ignore"):
        differences = values - baseline
    return np.where(np.isinf(values) & np.isinf(baseline), 0.0, differences)


def signed_ranks(differences: np.ndarray) -> np.ndarray:
    """Ranks of the sizes, with the signs; ties share their mean rank.

    Infinite differences share the largest rank; zeros have rank 0.
    """
    ranks = np.zeros(len(differences))
    there = differences != 0
    ranks[there] = scipy.stats.rankdata(np.abs(differences[there]))
    return np.sign(differences) * ranks


def sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided p-value of the sign-flip test that the differences centre at 0.

    Exact over all 2^n sign patterns of up to 16 differences, else over 65,536
    seeded ones. The statistic is the mean difference; where a run failed,
    that of the signed ranks.

    Args:
        differences: from `paired_differences`.
    """
    if np.isinf(differences).any():
        differences = signed_ranks(differences)
    differences = differences[differences != 0]
    count = len(differences)
    if count == 0:
        return 1.0
    if count <= _MAX_EXACT:
        signs = np.array(list(itertools.product((-1, 1), repeat=count)))
    else:
        random = np.random.RandomState(0)
        signs = random.choice((-1, 1), size=(2**_MAX_EXACT, count))
        signs[0] = 1  # the pattern that was seen
    size = np.abs(differences)
    sums = np.abs(signs @ size)
    # A rounding of the sum must not part equal patterns.
    limit = abs(differences.sum()) * (1 - 1e-9)
    return float(np.mean(sums >= limit))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for all contrasts together.

    Reference: Holm 1979, A simple sequentially rejective multiple test
    procedure.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    largest = 0.0
    for place, index in enumerate(order):
        factor = len(p_values) - place
        largest = max(largest, min(1.0, factor * p_values[index]))
        adjusted[index] = largest
    return adjusted.tolist()


def least_p(num_pairs: int, num_contrasts: int) -> float:
    """The smallest adjusted p-value that this many pairs can give."""
    return min(1.0, num_contrasts * 2.0 ** (1 - num_pairs))


def t_interval(
    differences: np.ndarray, num_contrasts: int = 1
) -> tuple[float, float] | None:
    """Interval of the mean difference over seeds.

    Args:
        differences: `[seeds]`, finite.
        num_contrasts: shown together; the level is Bonferroni-adjusted.

    Returns:
        None below three seeds.
    """
    count = len(differences)
    if count < MIN_SEEDS_FOR_INTERVAL:
        return None
    error = np.std(differences, ddof=1) / np.sqrt(count)
    quantile = 1 - LEVEL / num_contrasts / 2
    half = scipy.stats.t.ppf(quantile, count - 1) * error
    mean = float(np.mean(differences))
    return mean - float(half), mean + float(half)


def hierarchical_interval(
    differences: np.ndarray, num_contrasts: int = 1
) -> tuple[float, float] | None:
    """Bootstrap interval of the mean difference: seeds, then images.

    Args:
        differences: `[seeds, images]`, finite.
        num_contrasts: shown together; the level is Bonferroni-adjusted.

    Returns:
        None below three seeds.
    """
    if len(differences) < MIN_SEEDS_FOR_INTERVAL:
        return None
    seeds, images = differences.shape
    random = np.random.RandomState(0)
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        rows = differences[random.randint(seeds, size=seeds)]
        columns = random.randint(images, size=images)
        means[i] = rows[:, columns].mean()
    low, high = np.quantile(means, _tails(num_contrasts))
    return float(low), float(high)


def interquartile_mean(values: np.ndarray) -> float:
    """Mean of the middle half of the values; infinite if a failed run is in it.

    Reference: Agarwal et al. 2021, arXiv:2108.13264 (rliable).
    """
    return float(scipy.stats.trim_mean(np.sort(values), 0.25))


def probability_of_improvement(
    values: np.ndarray, baseline: np.ndarray
) -> float:
    """P(a run is better than one of the baseline); ties count half.

    Args:
        values: `[runs]`, lower is better, infinite for a failed run.
        baseline: `[runs of the baseline]`.

    Reference: Agarwal et al. 2021, arXiv:2108.13264, section 4.3.
    """
    one, other = values[:, np.newaxis], baseline[np.newaxis]
    return float(np.mean((one < other) + 0.5 * (one == other)))


def improvement_interval(
    values: np.ndarray, baseline: np.ndarray
) -> tuple[float, float] | None:
    """95% bootstrap interval of `probability_of_improvement`, over runs.

    Returns:
        None below three runs on either side.
    """
    if min(len(values), len(baseline)) < MIN_SEEDS_FOR_INTERVAL:
        return None
    random = np.random.RandomState(0)
    found = [
        probability_of_improvement(
            values[random.randint(len(values), size=len(values))],
            baseline[random.randint(len(baseline), size=len(baseline))],
        )
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(found, _tails(1))
    return float(low), float(high)


def expected_best(losses: Sequence[float | None]) -> list[float | None]:
    """Expected lowest loss of k of these runs, drawn without replacement.

    Args:
        losses: of n tuning runs; None for a failed one.

    Returns:
        For k from 1 to n; None where all k may have failed.

    Reference: the comparison at equal tuning budgets of Lucic et al. 2018,
    arXiv:1711.10337, section 5.
    """
    ended = sorted(loss for loss in losses if loss is not None)
    count, num_failed = len(losses), len(losses) - len(ended)
    found: list[float | None] = []
    for k in range(1, count + 1):
        # The i-th lowest is the best if the k - 1 others rank behind it.
        ways = [math.comb(count - 1 - i, k - 1) for i in range(len(ended))]
        mean = sum(w * x for w, x in zip(ways, ended, strict=True))
        possible = k > num_failed and ended
        found.append(mean / math.comb(count, k) if possible else None)
    return found


def _tails(num_contrasts: int) -> tuple[float, float]:
    tail = LEVEL / num_contrasts / 2
    return tail, 1 - tail

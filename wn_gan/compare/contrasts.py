"""Groups against each other."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from wn_gan.compare.contrast import Contrast, Interval
from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result
from wn_gan.compare.statistics import (
    MIN_SEEDS_FOR_INTERVAL,
    hierarchical_interval,
    holm,
    improvement_interval,
    least_p,
    paired_differences,
    probability_of_improvement,
    sign_flip_p,
    signed_ranks,
    t_interval,
)
from wn_gan.errors import UserError
from wn_gan.evaluate.interval import bootstrap_interval

# Three contrasts can be decided with 7 seeds, six only with 8 that all agree.
_MAX_FOR_ALL_PAIRS = 3


def score(run: Result) -> float:
    """A run's final test; infinite if it failed or collapsed."""
    if run.summary is None or run.state != ALIVE:
        return float("inf")
    return run.summary["mean"]


def pairs_of(
    groups: Sequence[Group], baseline: Group
) -> list[tuple[Group, Group]]:
    """Which groups are compared: each with the baseline, and up to three all.

    With more groups, all pairs would be too many for a few seeds to decide.

    Args:
        groups: all of the comparison.
        baseline: one of them.

    Returns:
        Pairs of a group and the one that it is compared with.
    """
    others = [group for group in groups if group is not baseline]
    pairs = [(group, baseline) for group in others]
    if len(groups) <= _MAX_FOR_ALL_PAIRS:
        pairs += [(b, a) for a, b in itertools.combinations(others, 2)]
    return pairs


def contrasts(groups: Sequence[Group], baseline: Group) -> list[Contrast]:
    """The final test of the groups against each other.

    Args:
        groups: all of the comparison.
        baseline: one of them.

    Returns:
        One for each of `pairs_of`.
    """
    pairs = pairs_of(groups, baseline)
    return adjusted([_contrast(*pair, len(pairs)) for pair in pairs])


def adjusted(found: list[Contrast]) -> list[Contrast]:
    """Contrasts with their p-values adjusted for all of them (Holm)."""
    p_values = holm([contrast.p for contrast in found])
    return [
        dataclasses.replace(contrast, p=p)
        for contrast, p in zip(found, p_values, strict=True)
    ]


def paired(
    names: tuple[str, str],
    seeds: list[int],
    values: np.ndarray,
    base: np.ndarray,
    count: int,
) -> Contrast:
    """A contrast of any two numbers per seed; its p is not adjusted.

    Args:
        names: of what is compared, and of what it is compared with.
        seeds: of the runs.
        values: `[seeds]`, lower is better, infinite for a failed run.
        base: of what it is compared with.
        count: of contrasts that are shown together.
    """
    differences = paired_differences(values, base)
    ended = np.isfinite(values) & np.isfinite(base)
    finite = differences[ended]
    tested = differences if ended.all() else signed_ranks(differences)
    return Contrast(
        label=names[0],
        baseline=names[1],
        seeds=seeds,
        differences=differences.tolist(),
        ended=ended.tolist(),
        direction="lower" if tested.sum() < 0 else "higher",
        mean=float(finite.mean()) if len(finite) else None,
        interval=t_interval(finite, count),
        p=sign_flip_p(tested),
        least_p=least_p(int(np.count_nonzero(differences)), count),
    )


def shared_seeds(group: Group, baseline: Group) -> list[int]:
    """Seeds that both groups have, in order."""
    return sorted(set(group.seeds) & set(baseline.seeds))


def _contrast(group: Group, baseline: Group, count: int) -> Contrast:
    seeds = shared_seeds(group, baseline)
    pairs = [group.by_seed(seeds), baseline.by_seed(seeds)]
    values, base = (np.array([score(r) for r in runs]) for runs in pairs)
    names = (group.label, baseline.label)
    images = _image_differences(*pairs)
    scores = [
        np.array([score(r) for r in each.runs]) for each in (group, baseline)
    ]
    return dataclasses.replace(
        paired(names, seeds, values, base, count),
        hierarchical=hierarchical_interval(images, count),
        images_only=_over_images(images),
        improvement=probability_of_improvement(*scores),
        improvement_interval=improvement_interval(*scores),
    )


def _image_differences(one: list[Result], other: list[Result]) -> np.ndarray:
    """Differences `[seeds, images]` of the pairs that are both alive."""
    rows = [
        _by_image(mine, theirs)
        for mine, theirs in zip(one, other, strict=True)
        if np.isfinite(score(mine)) and np.isfinite(score(theirs))
    ]
    return np.array(rows) if rows else np.empty((0, 0))


def _by_image(mine: Result, theirs: Result) -> list[float]:
    if mine.losses.keys() != theirs.losses.keys():
        raise UserError(
            f"{mine.test} and {theirs.test}: not the same images, although "
            "of one protocol"
        )
    return [mine.losses[i] - theirs.losses[i] for i in mine.losses]


def _over_images(differences: np.ndarray) -> Interval:
    """Of the mean over the runs at hand; it says nothing of other runs."""
    if not differences.size:
        return None
    return bootstrap_interval(differences.mean(axis=0))


def disagreement(contrast: Contrast) -> str | None:
    """A sentence where the two intervals over seeds say different things."""
    if contrast.interval is None or contrast.hierarchical is None:
        return None
    zero = [
        low <= 0 <= high
        for low, high in (contrast.interval, contrast.hierarchical)
    ]
    if zero[0] == zero[1]:
        return None
    low, high = contrast.hierarchical
    return (
        f"{contrast.label} against {contrast.baseline}: the bootstrap over "
        "seeds and images gives "
        f"{low:+.4f} to {high:+.4f}, the t interval over seeds "
        f"{contrast.interval[0]:+.4f} to {contrast.interval[1]:+.4f}. With few "
        f"seeds (here {len(contrast.seeds)}, at least "
        f"{MIN_SEEDS_FOR_INTERVAL}) the bootstrap is too narrow."
    )

"""Each group against the baseline, in numbers and in words."""

import dataclasses

import numpy as np

from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result
from wn_gan.compare.statistics import (
    LEVEL,
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
from wn_gan.evaluate.final_test import bootstrap_interval

Interval = tuple[float, float] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """A group against the baseline, lower is better.

    Attributes:
        label: of the group.
        baseline: label of the baseline.
        seeds: that both have, in order.
        differences: one per seed; infinite where one of the two failed, 0
            where both did.
        ended: one per seed, whether both runs have a value.
        direction: "lower" or "higher", the sign of the statistic that the
            p-value is of; by ranks where a run failed.
        mean: of the finite differences; None if there is none.
        interval: of the mean over seeds, for all contrasts together.
        p: adjusted for all contrasts (Holm); it alone decides.
        least_p: the smallest p that this many seeds can give.
        hierarchical: the interval by a bootstrap over seeds and images.
        images_only: interval over images, for these runs only.
        improvement: probability that a run is better than a baseline's.
        improvement_interval: of it, over runs.
    """

    label: str
    baseline: str
    seeds: list[int]
    differences: list[float]
    ended: list[bool]
    direction: str
    mean: float | None
    interval: Interval
    p: float
    least_p: float
    hierarchical: Interval = None
    images_only: Interval = None
    improvement: float | None = None
    improvement_interval: Interval = None

    @property
    def can_decide(self) -> bool:
        """Whether this many seeds can reach 5%."""
        return self.least_p <= LEVEL

    @property
    def decided(self) -> bool:
        """Whether the difference is a claim at 5%."""
        return self.p <= LEVEL

    @property
    def num_failed(self) -> int:
        """Pairs in which a run failed or collapsed."""
        return self.ended.count(False)

    def sentence(self) -> str:
        """One sentence with everything that a claim must name."""
        count = len(self.seeds)
        head = f"{self.label} against {self.baseline}: "
        if self.num_failed or self.mean is None:
            return head + self._by_ranks()
        size = f"{abs(self.mean):.4f} {'lower' if self.mean < 0 else 'higher'}"
        if not self.can_decide:
            seen = self._range()
            if self.interval is not None:
                seen += f", mean {self.mean:+.4f}, interval {self._interval()}"
            return f"{head}cannot decide at 5% with {_runs(count)} ({seen})"
        if not self.decided:
            return f"{head}undecided, {size} ({self._details()})"
        return f"{head}{size} ({self._details()})"

    def _by_ranks(self) -> str:
        """The sentence where runs failed: ranks decide, not means."""
        count = len(self.seeds)
        if not count:
            return "no seed in common"
        ended = count - self.num_failed
        details = (
            f"{_runs(count)}, {self.num_failed} of them with a failed run, "
            f"Holm p = {self.p:.2g}"
        )
        if self.mean is not None:
            details += f"; mean of the {ended} others {self.mean:+.4f}"
        verdict = f"{self.direction} by ranks"
        if not self.can_decide:
            verdict = "cannot decide at 5%"
        elif not self.decided:
            verdict = "undecided"
        return f"{verdict} ({details})"

    def _range(self) -> str:
        lowest, highest = min(self.differences), max(self.differences)
        return f"differences {lowest:+.4f} to {highest:+.4f}"

    def _details(self) -> str:
        parts = [_runs(len(self.seeds)), f"Holm p = {self.p:.2g}"]
        if self.interval is not None:
            low, high = self.interval
            if self.mean < 0:  # the sentence says "lower"
                low, high = -high, -low
            parts.insert(0, f"{low:.4f} to {high:.4f}")
        return ", ".join(parts)

    def _interval(self) -> str:
        low, high = self.interval
        return f"{low:+.4f} to {high:+.4f}"


def _runs(count: int) -> str:
    names = {1: "one paired seed", 2: "two paired seeds"}
    return names.get(count, f"{count} paired seeds")


def score(run: Result) -> float:
    """A run's final test; infinite if it failed or collapsed."""
    if run.summary is None or run.state != ALIVE:
        return float("inf")
    return run.summary["mean"]


def contrasts(groups: list[Group], baseline: Group) -> list[Contrast]:
    """The final test of each other group against the baseline's.

    Args:
        groups: all of the comparison.
        baseline: one of them.
    """
    others = [group for group in groups if group is not baseline]
    return adjusted([_contrast(g, baseline, len(others)) for g in others])


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
        [mine.losses[i] - theirs.losses[i] for i in mine.losses]
        for mine, theirs in zip(one, other, strict=True)
        if np.isfinite(score(mine)) and np.isfinite(score(theirs))
    ]
    return np.array(rows) if rows else np.empty((0, 0))


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
        f"{contrast.label}: the bootstrap over seeds and images gives "
        f"{low:+.4f} to {high:+.4f}, the t interval over seeds "
        f"{contrast.interval[0]:+.4f} to {contrast.interval[1]:+.4f}. With few "
        f"seeds (here {len(contrast.seeds)}, at least "
        f"{MIN_SEEDS_FOR_INTERVAL}) the bootstrap is too narrow."
    )

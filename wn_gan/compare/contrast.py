"""One group against another, in numbers and in words."""

import dataclasses

from wn_gan.compare.statistics import LEVEL

Interval = tuple[float, float] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """A group against another, lower is better.

    Attributes:
        label: of the group.
        baseline: label of the group that it is compared with.
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
        """Whether this many seeds can reach 5%; those that did could."""
        return self.decided or self.least_p <= LEVEL

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
            return head + self._ranks_sentence()
        if not any(self.differences):
            return f"{head}no difference in any of {_runs(count)}"
        size = f"{abs(self.mean):.4f} {'lower' if self.mean < 0 else 'higher'}"
        if not self.can_decide:
            seen = self._range()
            if self.interval is not None:
                seen += f", mean {self.mean:+.4f}, interval {self._interval()}"
            return f"{head}cannot decide at 5% with {_runs(count)} ({seen})"
        if not self.decided:
            return f"{head}undecided, {size} ({self._details()})"
        return f"{head}{size} ({self._details()})"

    @property
    def by_ranks(self) -> str:
        """The verdict where runs failed: a mean would leave these out."""
        if self.decided:
            return f"{self.direction} by ranks"
        return "undecided" if self.can_decide else "cannot decide at 5%"

    def _ranks_sentence(self) -> str:
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
        return f"{self.by_ranks} ({details})"

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

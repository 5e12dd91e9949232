"""Rankings against the solver's effort: does the winner hold?

A search of a few evaluations favours the generators that are easy to search,
which need not be those that come closest to the images.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.compare.groups import Group
from wn_gan.compare.paper_tests import (
    losses_by_effort,
    shared_protocol,
    tested,
)
from wn_gan.compare.results import ALIVE, Result
from wn_gan.compare.statistics import paired_differences, sign_flip_p


@dataclasses.dataclass(frozen=True)
class Effort:
    """Groups ranked at one effort.

    Attributes:
        name: of the solver, with its evaluations.
        losses: of each group's runs, by the group's label and by seed;
            infinite for a run that failed or collapsed.
    """

    name: str
    losses: dict[str, dict[int, float]]

    @property
    def ranking(self) -> list[str]:
        """Labels of the groups with any alive run, lowest mean first."""
        means = {
            label: float(np.mean(self.alive(label)))
            for label in self.losses
            if self.alive(label)
        }
        return sorted(means, key=means.__getitem__)

    def alive(self, label: str) -> list[float]:
        """The losses of a group's runs that are alive."""
        return [x for x in self.losses[label].values() if np.isfinite(x)]

    def told(self) -> str:
        """The ranking in words; a mean of a part of the runs says so."""
        return " < ".join(map(self._name, self.ranking))

    def _name(self, label: str) -> str:
        alive, count = len(self.alive(label)), len(self.losses[label])
        return label if alive == count else f"{label} ({alive} of {count} runs)"

    def p(self, one: str, other: str) -> float:
        """Of two groups' difference over the seeds that both have.

        Args:
            one: label of a group.
            other: of another.
        """
        mine, theirs = self.losses[one], self.losses[other]
        seeds = sorted(mine.keys() & theirs.keys())
        values, base = ([by[s] for s in seeds] for by in (mine, theirs))
        return sign_flip_p(paired_differences(np.array(values), np.array(base)))


def efforts(groups: Sequence[Group]) -> list[Effort]:
    """Losses at a rising effort, all on the same images.

    Args:
        groups: of all runs.

    Returns:
        Empty unless all tested runs share a test by the solver `paper`.
    """
    runs = tested(groups)
    protocol = shared_protocol(runs)
    if protocol is None:
        return []
    found = {run.folder.path: losses_by_effort(run, protocol) for run in runs}
    first, *others = found.values()
    names = [name for name in first if all(name in each for each in others)]
    return [Effort(name, _by_seed(groups, found, name)) for name in names]


def _by_seed(
    groups: Sequence[Group], found: dict[Path, dict[str, float]], name: str
) -> dict[str, dict[int, float]]:
    """Each run's loss at an effort; infinite if it is not alive."""

    def loss(run: Result) -> float:
        if run.state != ALIVE or run.summary is None:
            return math.inf
        found_here = found[run.folder.path][name]
        return found_here if math.isfinite(found_here) else math.inf

    return {g.label: {r.config.seed: loss(r) for r in g.runs} for g in groups}


def changes_of_order(found: Sequence[Effort]) -> list[str]:
    """A sentence for each effort at which the means' ranking is another.

    It says how sure the change is: both signs of a difference must be.

    Args:
        found: in rising order of effort.
    """
    return [
        "The ranking of the means changes with the solver: "
        f"{one.told()} after {one.name}, {other.told()} after {other.name}. "
        f"{_how_sure(one, other)}"
        for one, other in zip(found, found[1:], strict=False)
        if one.ranking != other.ranking
    ]


def _how_sure(one: Effort, other: Effort) -> str:
    """The p-values of each pair of groups that have changed places."""
    texts = [
        f"{a} against {b}: p = {one.p(a, b):.2g} after {one.name}, "
        f"{other.p(a, b):.2g} after {other.name} (each alone, over seeds)."
        for a, b in itertools.combinations(one.ranking, 2)
        if other.ranking.index(a) > other.ranking.index(b)
    ]
    return " ".join(texts)

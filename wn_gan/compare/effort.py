"""Rankings against the solver's effort: does the winner hold?

A search of a few evaluations favours the generators that are easy to search,
which need not be those that come closest to the images.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result, read_losses, read_summary
from wn_gan.compare.statistics import paired_differences, sign_flip_p
from wn_gan.runs.json_files import read_manifest

MILESTONES = (50, 100, 500, 2000)


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
    runs = _tested(groups)
    protocol = _shared_protocol(runs)
    if protocol is None:
        return []
    found = {run.folder.path: _losses(run, protocol) for run in runs}
    first, *others = found.values()
    names = [name for name in first if all(name in each for each in others)]
    return [Effort(name, _by_seed(groups, found, name)) for name in names]


def without_a_search(groups: Sequence[Group]) -> list[str]:
    """The tested runs that lack a test by `paper`, if others have one.

    Args:
        groups: of all runs.

    Returns:
        E.g. "weight, seed 3".
    """
    lacking = [
        f"{group.label}, seed {run.config.seed}"
        for group in groups
        for run in _tested([group])
        if not _paper_tests(run)
    ]
    return lacking if len(lacking) < len(_tested(groups)) else []


def _tested(groups: Sequence[Group]) -> list[Result]:
    return [r for g in groups for r in g.runs if r.summary is not None]


def _by_seed(
    groups: Sequence[Group], found: dict[Path, dict[str, float]], name: str
) -> dict[str, dict[int, float]]:
    """Each run's loss at an effort; infinite if it is not alive."""
    return {
        group.label: {
            run.config.seed: found[run.folder.path][name]
            if run.state == ALIVE and run.summary is not None
            else float("inf")
            for run in group.runs
        }
        for group in groups
    }


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


def _shared_protocol(runs: Sequence[Result]) -> str | None:
    """The longest search by `paper` that all runs share."""
    found = [_paper_tests(run) for run in runs]
    shared = set.intersection(*map(set, found)) if found else set()
    # By name too, so that equals are chosen alike every time.
    return max(shared, key=lambda name: (found[0][name], name), default=None)


def _paper_tests(run: Result) -> dict[str, int]:
    """Evaluations by protocol, of tests on the run's own images."""
    found = {}
    for test in run.folder.final_tests():
        provenance = read_summary(test / "summary.json")["provenance"]
        search = read_manifest(test).get("search", {})
        own_images = provenance.get("images") is None
        if own_images and search.get("solver") == "paper":
            found[test.name] = int(search.get("evaluations", 0))
    return found


def _losses(run: Result, protocol: str) -> dict[str, float]:
    """Mean loss by effort, on the images of one test."""
    test = run.folder.final_test / protocol
    curve = read_summary(test / "summary.json")["curve"]
    found = {f"{n:,} of paper": curve[n] for n in MILESTONES if n < len(curve)}
    names = read_losses(test / "per_image.csv")
    own = [run.losses[name] for name in names if name in run.losses]
    if protocol != run.test.name and own:
        search = read_manifest(run.test).get("search", {})
        label = f"{search.get('evaluations')} of {search.get('solver')}"
        found[label] = float(np.mean(own))
    return found

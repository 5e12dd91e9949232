"""Rankings against the solver's effort: does the winner hold?

A search of a few evaluations favours the generators that are easy to search,
which need not be those that come closest to the images.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result, read_losses
from wn_gan.compare.statistics import sign_flip_p
from wn_gan.runs.json_files import read_json, read_manifest

MILESTONES = (50, 100, 500, 2000)


@dataclasses.dataclass(frozen=True)
class Effort:
    """Groups ranked at one effort.

    Attributes:
        name: of the solver, with its evaluations.
        losses: of each group's alive runs, by the group's label and by seed.
    """

    name: str
    losses: dict[str, dict[int, float]]

    @property
    def ranking(self) -> list[str]:
        """Labels of the groups with any alive run, lowest mean first."""
        means = {
            label: float(np.mean(list(by_seed.values())))
            for label, by_seed in self.losses.items()
            if by_seed
        }
        return sorted(means, key=means.__getitem__)

    def p(self, one: str, other: str) -> float:
        """Of two groups' difference over the seeds that both have.

        Args:
            one: label of a group.
            other: of another.
        """
        mine, theirs = self.losses[one], self.losses[other]
        seeds = sorted(mine.keys() & theirs.keys())
        return sign_flip_p(np.array([mine[s] - theirs[s] for s in seeds]))


def efforts(groups: Sequence[Group]) -> list[Effort]:
    """Losses at a rising effort, all on the same images.

    Args:
        groups: of all runs.

    Returns:
        Empty unless all tested runs share a test by the solver `paper`.
    """
    runs = [r for g in groups for r in g.runs if r.summary is not None]
    protocol = _shared_protocol(runs)
    if protocol is None:
        return []
    found = {id(run): _losses(run, protocol) for run in runs}
    names = list(next(iter(found.values())))
    return [
        Effort(
            name,
            {
                group.label: {
                    run.config.seed: found[id(run)][name]
                    for run in group.runs
                    if run.state == ALIVE and run.summary is not None
                }
                for group in groups
            },
        )
        for name in names
    ]


def changes_of_order(found: Sequence[Effort]) -> list[str]:
    """A sentence for each effort at which the means' ranking is another.

    It says how sure the change is: both signs of a difference must be.

    Args:
        found: in rising order of effort.
    """
    return [
        "The ranking of the means changes with the solver: "
        f"{' < '.join(one.ranking)} after {one.name}, "
        f"{' < '.join(other.ranking)} after {other.name}. "
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
    searches = {
        test.name: read_manifest(test).get("search", {})
        for test in run.folder.final_tests()
        if read_json(test / "summary.json")["provenance"].get("images") is None
    }
    return {
        name: search["evaluations"]
        for name, search in searches.items()
        if search.get("solver") == "paper"
    }


def _losses(run: Result, protocol: str) -> dict[str, float]:
    """Mean loss by effort, on the images of one test."""
    test = run.folder.final_test / protocol
    curve = read_json(test / "summary.json")["curve"]
    found = {f"{n:,} of paper": curve[n] for n in MILESTONES if n < len(curve)}
    names = read_losses(test / "per_image.csv")
    own = [run.losses[name] for name in names if name in run.losses]
    if protocol != run.test.name and own:
        search = read_manifest(run.test).get("search", {})
        label = f"{search.get('evaluations')} of {search.get('solver')}"
        found[label] = float(np.mean(own))
    return found

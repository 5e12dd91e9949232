"""The course of training: which group is lower early, which rises late."""

from collections.abc import Sequence

import numpy as np

from wn_gan.compare.contrast import Contrast
from wn_gan.compare.contrasts import adjusted, paired, pairs_of, shared_seeds
from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result


def early(groups: Sequence[Group], baseline: Group) -> list[Contrast]:
    """The groups against each other in the first quarter of training.

    Args:
        groups: all of the comparison.
        baseline: one of them.

    Returns:
        Contrasts of each run's mean running test, one for each of
        `pairs_of`; empty if a run that is alive has no running test there.
    """
    if not _have(groups, 1):
        return []
    pairs = pairs_of(groups, baseline)
    found = []
    for pair in pairs:
        seeds = shared_seeds(*pair)
        values, base = (_means(group, seeds, 1) for group in pair)
        names = (pair[0].label, pair[1].label)
        found.append(paired(names, seeds, values, base, len(pairs)))
    return adjusted(found)


def late(groups: Sequence[Group]) -> list[Contrast]:
    """Each group's last quarter of training against its third.

    The lowest test of a run is no measure of that: whatever comes after the
    lowest is higher.

    Args:
        groups: all of the comparison.

    Returns:
        As `early`.
    """
    if not _have(groups, 3) or not _have(groups, 4):
        return []
    found = []
    for group in groups:
        third, last = (_means(group, group.seeds, q) for q in (3, 4))
        names = (f"{group.label}, last quarter", "the third")
        found.append(paired(names, group.seeds, last, third, len(groups)))
    return adjusted(found)


def _have(groups: Sequence[Group], quarter: int) -> bool:
    """Whether all runs that are alive were tested in a quarter."""
    runs = [r for g in groups for r in g.runs if r.state == ALIVE]
    return bool(runs) and all(_tests(run, quarter) for run in runs)


def _means(group: Group, seeds: Sequence[int], quarter: int) -> np.ndarray:
    """Mean running test of each run; infinite if it is not alive."""
    return np.array(
        [
            np.mean(_tests(run, quarter)) if run.state == ALIVE else np.inf
            for run in group.by_seed(seeds)
        ]
    )


def _tests(run: Result, quarter: int) -> list[float]:
    """Losses of the running tests in a quarter of training, 1 to 4."""
    length = run.config.train_steps / 4
    return [
        loss
        for step, loss in run.tests
        if length * (quarter - 1) < step <= length * quarter
    ]

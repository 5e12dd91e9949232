"""Feature-space measures of each group against the baseline, over seeds."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from wn_gan.compare.contrast import Contrast
from wn_gan.compare.contrasts import adjusted, paired, shared_seeds
from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result

COMPARED = ("KID (test)", "coverage (test)", "perceptual distance")


def feature_contrasts(
    groups: Sequence[Group], baseline: Group
) -> list[Contrast]:
    """Contrasts by the measures that say most, all adjusted together.

    Unlike a loss, a measure of a run that failed says nothing: such pairs are
    left out, and the number of pairs says so.

    Args:
        groups: all of the comparison.
        baseline: one of them.

    Returns:
        Contrasts; their labels begin with the measure. Higher is better for
        coverage.
    """
    pairs = [
        (name, group)
        for name in COMPARED
        for group in groups
        if group is not baseline and _seeds(group, baseline, name)
    ]
    found = []
    for name, group in pairs:
        seeds = _seeds(group, baseline, name)
        values, base = (
            np.array([run.features[name] for run in each.by_seed(seeds)])
            for each in (group, baseline)
        )
        names = (group.label, baseline.label)
        contrast = paired(names, seeds, values, base, len(pairs))
        label = f"{name}: {group.label}"
        found.append(dataclasses.replace(contrast, label=label))
    return adjusted(found)


def _seeds(group: Group, baseline: Group, name: str) -> list[int]:
    """Seeds for which both have the measure."""
    return [
        seed
        for seed in shared_seeds(group, baseline)
        if all(
            _has(run, name)
            for each in (group, baseline)
            for run in each.by_seed([seed])
        )
    ]


def _has(run: Result, name: str) -> bool:
    return run.state == ALIVE and name in run.features

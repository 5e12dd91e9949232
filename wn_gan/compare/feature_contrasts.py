"""Feature-space measures of each group against the baseline, over seeds."""

from collections.abc import Sequence

import numpy as np

from wn_gan.compare.contrast import Contrast
from wn_gan.compare.contrasts import adjusted, paired
from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE

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
        (name, group, _by_seed(group, name), _by_seed(baseline, name))
        for name in COMPARED
        for group in groups
        if group is not baseline
    ]
    pairs = [pair for pair in pairs if pair[2].keys() & pair[3].keys()]
    found = []
    for name, group, mine, theirs in pairs:
        seeds = sorted(mine.keys() & theirs.keys())
        contrast = paired(
            (f"{name}: {group.label}", baseline.label),
            seeds,
            np.array([mine[seed] for seed in seeds]),
            np.array([theirs[seed] for seed in seeds]),
            len(pairs),
        )
        found.append(contrast)
    return adjusted(found)


def _by_seed(group: Group, name: str) -> dict[int, float]:
    """The measure of each run that is alive and has it, as a number."""
    return {
        run.config.seed: run.features[name]
        for run in group.runs
        if run.state == ALIVE and np.isfinite(run.features.get(name, np.nan))
    }

"""How often a comparison claims a difference that is not there.

    python benchmarks/false_claims.py [--studies=1000] [--seeds=7]

Simulates studies of three norms in which none is better. Losses of a run are
an image's own level, times a factor of the run: all spreads are those of three
seeds without normalization of the study of faces (`flags/study_faces.cfg`,
seeds 0 to 2, 500 images). Prints the share of studies with at least one false
claim at 5%, by three rules: Holm's exact sign-flip test over seeds (the rule
of `wn_gan.compare`), unadjusted t intervals over seeds, and the bootstrap over
images.
"""

import dataclasses
import itertools
import sys

import numpy as np

from wn_gan import cli
from wn_gan.compare.statistics import (
    LEVEL,
    holm,
    sign_flip_p,
    t_interval,
)
from wn_gan.config.option import check_values, option
from wn_gan.evaluate.interval import bootstrap_interval
from wn_gan.progress import Progress, say

NORMS = 3
IMAGES = 500
MEAN_LOSS = 0.018
# Standard deviations of the loss's logarithm, measured: between runs, between
# images, and of an image within a run.
BETWEEN_RUNS = 0.031
BETWEEN_IMAGES = 0.33
WITHIN = 0.070


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Options of this benchmark."""

    studies: int = option(1000, "Simulated studies.", minimum=1)
    seeds: int = option(7, "Runs per norm.", minimum=2)

    def __post_init__(self) -> None:
        check_values(self)


def simulate(random: np.random.Generator, seeds: int) -> np.ndarray:
    """Losses `[norms, seeds, images]` of a study without a difference."""
    images = random.normal(0, BETWEEN_IMAGES, (1, 1, IMAGES))
    runs = random.normal(0, BETWEEN_RUNS, (NORMS, seeds, 1))
    within = random.normal(0, WITHIN, (NORMS, seeds, IMAGES))
    return MEAN_LOSS * np.exp(images + runs + within)


def claims(losses: np.ndarray) -> dict[str, bool]:
    """Whether each rule claims that two of the norms differ."""
    pairs = itertools.combinations(losses, 2)
    differences = np.array([two - one for one, two in pairs])
    by_seed = differences.mean(axis=2)
    p_values = holm([sign_flip_p(d) for d in by_seed])
    intervals = [t_interval(d) for d in by_seed]
    images = [bootstrap_interval(d.mean(axis=0)) for d in differences]
    return {
        "sign-flip test over seeds, Holm": min(p_values) <= LEVEL,
        "t intervals over seeds, unadjusted": any(map(_excludes_0, intervals)),
        "bootstrap over images": any(map(_excludes_0, images)),
    }


def _excludes_0(interval: tuple[float, float] | None) -> bool:
    return interval is not None and not interval[0] <= 0 <= interval[1]


def main(options: Options) -> None:
    """Prints the share of studies with a false claim, by rule."""
    random = np.random.default_rng(0)
    counts: dict[str, int] = {}
    with Progress(options.studies, "studies") as progress:
        for _ in range(options.studies):
            found = claims(simulate(random, options.seeds))
            for rule, claimed in found.items():
                counts[rule] = counts.get(rule, 0) + claimed
            progress.advance(1)
    for rule, count in counts.items():
        say(f"{rule}: {count / options.studies:.1%} of studies claim falsely")


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, (Options,), main))

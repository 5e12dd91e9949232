"""Chooses each cell's best candidate, and the best one for all cells.

The unit is a tuning run. A run that failed, or has no finite loss, ranks
behind all that have one.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy.stats

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import UserError
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.run_state import has_failed
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import Cell
from wn_gan.study.measurements import Measurement, tuning_measurement
from wn_gan.study.plan import Trial
from wn_gan.study.single_run import has_ended

FAILED = math.inf


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the tuning found.

    Attributes:
        own: best candidate by cell's name.
        shared: best candidate for all cells together.
    """

    own: dict[str, Cell]
    shared: Cell


def choose(trials: Sequence[Trial], losses: Sequence[float]) -> Choice:
    """Chooses from the losses of all tuning runs.

    A cell's best candidate has the fewest failed runs, then the lowest mean
    loss. The shared one has the lowest mean rank over the cells; so a cell of
    large losses does not outvote the others. Of equals, the first wins.

    Args:
        trials: all tuning runs.
        losses: one each; `FAILED` where there is none.
    """
    by_name = {trial.candidate.name: trial.candidate for trial in trials}
    names = list(by_name)
    cells = dict.fromkeys(trial.cell.name for trial in trials)
    own, ranks = {}, np.zeros(len(names))
    for cell in cells:
        scores = [_score(trials, losses, cell, name) for name in names]
        order = sorted(range(len(names)), key=scores.__getitem__)
        own[cell] = by_name[names[order[0]]]
        ranks += _ranks(scores)
    return Choice(own, by_name[names[int(np.argmin(ranks))]])


def tuning_losses(
    trials: Sequence[Trial], options: StudyOptions, bundle: Bundle
) -> list[float]:
    """Loss of each tuning run; `FAILED` where there is none.

    Args:
        trials: the tuning runs.
        options: of the study.
        bundle: with their results.
    """
    measurement = tuning_measurement(options)
    return [_loss(trial.config, measurement, bundle) for trial in trials]


def _loss(config: Config, measurement: Measurement, bundle: Bundle) -> float:
    run = RunFolder(bundle.place(config))
    if not has_ended(run, config):
        if has_failed(run):
            return FAILED
        raise UserError(
            f"{config.run_dir}: has not ended, and its training has not "
            "failed; nothing is chosen without it: start the study again"
        )
    test = measurement.found(run)
    if test is None:
        raise UserError(
            f"{config.run_dir}: is trained and not tested; nothing is chosen "
            "without it: start the study again"
        )
    loss = read_json(test / "summary.json")["mean"]
    return loss if math.isfinite(loss) else FAILED


def _score(
    trials: Sequence[Trial], losses: Sequence[float], cell: str, candidate: str
) -> tuple[int, float]:
    """Number of failed runs and mean loss of the others; lower is better."""
    found = [
        loss
        for trial, loss in zip(trials, losses, strict=True)
        if (trial.cell.name, trial.candidate.name) == (cell, candidate)
    ]
    ended = [loss for loss in found if math.isfinite(loss)]
    mean = sum(ended) / len(ended) if ended else FAILED
    return len(found) - len(ended), mean


def _ranks(scores: Sequence[tuple[int, float]]) -> np.ndarray:
    """Ranks from 1; equals share their mean rank."""
    places = {score: i for i, score in enumerate(sorted(set(scores)))}
    return scipy.stats.rankdata([places[score] for score in scores])


def table(
    trials: Iterable[Trial],
    losses: Iterable[float],
    place: Callable[[Trial], str],
) -> list[dict]:
    """The tuning runs as records.

    Args:
        trials: all tuning runs.
        losses: one each.
        place: a run's folder in the bundle.

    Returns:
        Per run: cell, value (of the candidate), seed, run, loss; None for a
        loss that is not there.
    """
    return [
        {
            "cell": trial.cell.name,
            "value": trial.candidate.name,
            "seed": trial.config.seed,
            "run": place(trial),
            "loss": loss if math.isfinite(loss) else None,
        }
        for trial, loss in zip(trials, losses, strict=True)
    ]

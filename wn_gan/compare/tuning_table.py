"""The table of a study's tuning runs."""

from wn_gan.compare.bundled import Trial, Tuning
from wn_gan.compare.tables import shown


def tuning_rows(tuning: Tuning) -> list[dict]:
    """A row for each norm and value: who is alive, and how good.

    Args:
        tuning: of the runs.
    """
    found: dict[tuple[str, str], list[Trial]] = {}
    for trial in tuning.trials:
        found.setdefault((trial.cell, trial.value), []).append(trial)
    return [
        {"chosen": tuning.chosen.get(cell) == value, **_row(cell, value, runs)}
        for (cell, value), runs in found.items()
    ]


def edges(tuning: Tuning) -> list[str]:
    """A sentence for each norm whose best value is the first or last one.

    Args:
        tuning: of one option, whose values are in the order of their size.
    """
    values = list(dict.fromkeys(trial.value for trial in tuning.trials))
    if len(values) < 3 or any(value.count("=") > 1 for value in values):
        return []
    return [
        f"{cell}: {best} is at the edge of what was tried: a better value may "
        "lie beyond it."
        for cell, best in tuning.chosen.items()
        if best in (values[0], values[-1])
    ]


def _row(cell: str, value: str, runs: list[Trial]) -> dict:
    losses = [run.loss for run in runs if run.loss is not None]
    return {
        "norm": cell,
        "value": value,
        "alive": f"{len(losses)} of {len(runs)}",
        "mean": shown(sum(losses) / len(losses)) if losses else "",
        "by_seed": "  ".join(
            f"{run.seed}: {'failed' if run.loss is None else shown(run.loss)}"
            for run in runs
        ),
    }

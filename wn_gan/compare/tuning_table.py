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
    """A sentence for each norm whose best value is the least or largest one.

    Args:
        tuning: of any options; only one option of numbers has edges.
    """
    sizes = {t.value: _size(t.value) for t in tuning.trials}
    if len(sizes) < 3 or None in sizes.values():
        return []
    values = sorted(sizes, key=sizes.__getitem__)
    return [
        f"{cell}: {best} is at the edge of what was tried: a better value may "
        "lie beyond it."
        for cell, best in tuning.chosen.items()
        if best in (values[0], values[-1])
    ]


def _size(value: str) -> float | None:
    """The number of e.g. "learning_rate=0.001"; None for anything else."""
    try:
        return float(value.partition("=")[2])
    except ValueError:
        return None


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

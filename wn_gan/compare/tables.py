"""The table of a comparison: one row per group of runs."""

import csv
import html
import io
import math
import statistics
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from wn_gan.compare.contrast import Contrast
from wn_gan.compare.contrasts import score
from wn_gan.compare.features import SHOWN as FEATURES
from wn_gan.compare.groups import Group
from wn_gan.compare.results import ALIVE, Result
from wn_gan.compare.statistics import interquartile_mean

COLUMNS = (
    "norm",
    "runs",
    "failed or collapsed",
    "recoveries",
    "final test mean",
    "mean of",
    "median",
    "interquartile mean",
    "lowest seed",
    "highest seed",
    "difference",
    "difference from",
    "difference to",
    "difference of",
    "seeds and images: from",
    "seeds and images: to",
    "p (Holm)",
    "verdict",
    "probability of improvement",
    "improvement from",
    "improvement to",
    "differences by seed",
    "these runs only: from",
    "these runs only: to",
    "tested at step",
    "running test best",
    "running test last",
    "images/s",
    "peak memory MiB",
)

BESIDE = (
    "final test mean",
    "KID (test)",
    "FD (train)",
    "coverage (test)",
    "perceptual distance",
    "images/s",
    "peak memory MiB",
)


def make_rows(
    groups: Sequence[Group], contrasts: Sequence[Contrast]
) -> list[dict]:
    """One row per group; every number is a float, an int or None.

    Failed and collapsed runs rank last in median, interquartile mean and
    probability of improvement. Means leave them out: the column "mean of"
    says of how many runs they are.

    Args:
        groups: of all runs.
        contrasts: of each group but the baseline, against it.
    """
    found = {contrast.label: contrast for contrast in contrasts}
    return [_row(group, found.get(group.label)) for group in groups]


def columns(rows: list[dict]) -> list[str]:
    """Names of the columns; those of features only if there are any."""
    used = [name for name in FEATURES if any(r[name] is not None for r in rows)]
    return [*COLUMNS, *used]


def beside_columns(rows: list[dict]) -> list[str]:
    """Names of the columns of pixels, features and cost, side by side."""
    used = [name for name in BESIDE if any(r[name] is not None for r in rows)]
    return ["norm", *used]


def cells_of(row: dict, names: Sequence[str]) -> list[str]:
    """The cells of some columns, as shown."""
    return [shown(row[name]) for name in names]


def main_cells(row: dict, contrast: Contrast | None) -> list[str]:
    """What the narrow table shows of a row.

    Args:
        row: from `make_rows`.
        contrast: of its group against the baseline; None for the baseline.
    """
    alive = row["runs"] - row["failed or collapsed"]
    return [
        row["norm"],
        f"{alive} of {row['runs']}",
        shown(row["final test mean"]),
        *(["", "", ""] if contrast is None else _difference(contrast)),
    ]


def _difference(contrast: Contrast) -> list[str]:
    """Difference, interval, p; where a run failed, what ranks say and p."""
    if contrast.num_failed or contrast.mean is None:
        return [contrast.by_ranks, "", shown(contrast.p)]
    interval = ""
    if contrast.interval is not None:
        interval = " to ".join(map(shown, contrast.interval))
    return [shown(contrast.mean), interval, shown(contrast.p)]


def _row(group: Group, contrast: Contrast | None) -> dict:
    runs = group.runs
    row = dict.fromkeys((*COLUMNS, *FEATURES))
    row["norm"], row["runs"] = group.label, len(runs)
    row["failed or collapsed"] = sum(run.state != ALIVE for run in runs)
    row["recoveries"] = sum(run.failures.recoveries for run in runs)
    _add_scores(row, np.array([score(run) for run in runs]))
    if contrast is not None:
        _add_contrast(row, contrast)
    alive = tuple(run for run in runs if run.state == ALIVE)
    for name in FEATURES:
        row[name] = _mean(alive, lambda r, name=name: r.features.get(name))
    row["tested at step"] = _steps(alive)
    row["running test best"] = _mean(runs, lambda r: min(x for _, x in r.tests))
    row["running test last"] = _mean(runs, lambda r: r.tests[-1][1])
    row["images/s"] = _mean(runs, lambda r: r.images_per_second)
    row["peak memory MiB"] = _mean(
        runs, lambda r: r.final.get("peak_memory_mib")
    )
    return row


def _steps(runs: Sequence[Result]) -> str | None:
    """The steps of the checkpoints that were tested, e.g. "750 to 1,500"."""
    steps = [run.tested_step for run in runs if run.tested_step is not None]
    ends = sorted({min(steps), max(steps)}) if steps else []
    return " to ".join(f"{step:,}" for step in ends) or None


def _add_scores(row: dict, scores: np.ndarray) -> None:
    alive = scores[np.isfinite(scores)]
    row["mean of"] = f"{len(alive)} of {len(scores)} runs"
    row["median"] = float(np.median(scores))
    row["interquartile mean"] = interquartile_mean(scores)
    if len(alive):
        row["final test mean"] = float(alive.mean())
        row["lowest seed"] = float(alive.min())
        row["highest seed"] = float(alive.max())


def _add_contrast(row: dict, contrast: Contrast) -> None:
    row["difference"] = contrast.mean
    pairs = len(contrast.seeds)
    row["difference of"] = f"{pairs - contrast.num_failed} of {pairs} pairs"
    row["p (Holm)"] = contrast.p
    row["verdict"] = "undecided at 5%"
    if contrast.decided:
        means = not contrast.num_failed
        direction = contrast.direction if means else contrast.by_ranks
        row["verdict"] = f"decided: {direction}"
    if not contrast.can_decide:
        row["verdict"] = "cannot decide at 5%"
    row["probability of improvement"] = contrast.improvement
    row["differences by seed"] = " ".join(_by_seed(contrast))
    for name, interval in (
        ("difference", contrast.interval),
        ("improvement", contrast.improvement_interval),
        ("seeds and images:", contrast.hierarchical),
        ("these runs only:", contrast.images_only),
    ):
        if interval is not None:
            row[f"{name} from"], row[f"{name} to"] = interval


def _by_seed(contrast: Contrast) -> Iterator[str]:
    for seed, difference, ended in zip(
        contrast.seeds, contrast.differences, contrast.ended, strict=True
    ):
        both_failed = not ended and difference == 0
        yield f"{seed}:{'both failed' if both_failed else shown(difference)}"


def _mean(
    runs: tuple[Result, ...], value: Callable[[Result], float | None]
) -> float | None:
    values = [value(run) for run in runs if run.tests]
    values = [x for x in values if x is not None]
    return statistics.fmean(values) if values else None


def shown(value: object) -> str:
    """A table's cell: five decimals, none for big numbers."""
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isinf(value):
            return "failed" if value > 0 else "baseline failed"
        return f"{value:.5f}" if abs(value) < 10 else f"{value:.0f}"
    return str(value)


def _plain(text: str) -> str:
    """Text from a run folder as Markdown that is only text."""
    return html.escape(text).replace("|", "\\|")


def to_csv(rows: list[dict]) -> str:
    """The rows as CSV, with the digits that are shown."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = columns(rows)
    table.writerow(names)
    for row in rows:
        table.writerow([shown(row[name]) for name in names])
    return text.getvalue()


def to_markdown(rows: list[dict]) -> str:
    """The rows as a Markdown table."""
    names = columns(rows)
    lines = [
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
    ]
    for row in rows:
        cells = (_plain(shown(row[name])) for name in names)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"

"""The table of a comparison: a row a group of runs."""

import csv
import io
import statistics
from collections.abc import Callable

import numpy as np

from wn_gan.compare.results import ALIVE, Result
from wn_gan.evaluate.final_test import bootstrap_interval

COLUMNS = (
    "norm",
    "runs",
    "failed or collapsed",
    "recoveries",
    "final test mean",
    "lowest seed",
    "highest seed",
    "95% from",
    "95% to",
    "difference",
    "difference 95% from",
    "difference 95% to",
    "running test best",
    "running test last",
    "images/s",
    "peak memory MiB",
)


def grouped(results: list[Result]) -> dict[str, list[Result]]:
    """Results by group, in the order of their first run."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.group, []).append(result)
    return groups


def make_rows(results: list[Result], baseline: str) -> list[dict]:
    """One row a group; every number is a float or None.

    The interval is over images, of each image's mean over seeds; so is the
    difference to the baseline, image by image. Failed and collapsed runs are
    counted, and how often a run was restarted or rolled back; a collapsed
    run's final test stays in the mean.

    Args:
        results: of all runs.
        baseline: group that the others are held against.
    """
    groups = grouped(results)
    base = per_image(groups[baseline])
    return [_row(name, runs, base) for name, runs in groups.items()]


def per_image(runs: list[Result]) -> dict[str, float]:
    """Each image's loss, the mean over the runs that were tested."""
    tested = [run.losses for run in runs if run.losses]
    if not tested:
        return {}
    return {
        image: statistics.fmean(losses[image] for losses in tested)
        for image in tested[0]
    }


def _row(name: str, runs: list[Result], base: dict[str, float]) -> dict:
    losses = per_image(runs)
    row = dict.fromkeys(COLUMNS)
    row["norm"], row["runs"] = name, len(runs)
    row["failed or collapsed"] = sum(run.state != ALIVE for run in runs)
    row["recoveries"] = sum(run.failures.recoveries for run in runs)
    if losses:
        means = [run.summary["mean"] for run in runs if run.summary]
        values = np.array(list(losses.values()))
        row["final test mean"] = statistics.fmean(means)
        row["lowest seed"], row["highest seed"] = min(means), max(means)
        row["95% from"], row["95% to"] = bootstrap_interval(values)
    if losses and base and losses != base:
        pairs = np.array([losses[i] - base[i] for i in losses])
        row["difference"] = float(pairs.mean())
        low, high = bootstrap_interval(pairs)
        row["difference 95% from"], row["difference 95% to"] = low, high
    row["running test best"] = _mean(runs, lambda r: min(x for _, x in r.tests))
    row["running test last"] = _mean(runs, lambda r: r.tests[-1][1])
    row["images/s"] = _mean(runs, lambda r: r.images_per_second)
    row["peak memory MiB"] = _mean(
        runs, lambda r: r.final.get("peak_memory_mib")
    )
    return row


def _mean(
    runs: list[Result], value: Callable[[Result], float | None]
) -> float | None:
    values = [value(run) for run in runs if run.tests]
    values = [x for x in values if x is not None]
    return statistics.fmean(values) if values else None


def shown(value: object) -> str:
    """A table's cell: five digits behind the point, or fewer for big ones."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.5f}" if abs(value) < 10 else f"{value:.0f}"
    return str(value)


def to_csv(rows: list[dict]) -> str:
    """The rows as CSV, with the digits that are shown."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([shown(row[name]) for name in COLUMNS])
    return text.getvalue()


def to_markdown(rows: list[dict]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
    ]
    for row in rows:
        cells = (shown(row[name]) for name in COLUMNS)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"

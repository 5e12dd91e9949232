"""The report: one page that needs nothing else."""

import base64
import functools
import json
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import markupsafe
import vl_convert

from wn_gan.compare import plots
from wn_gan.compare.bundled import Tuning
from wn_gan.compare.contrasts import Contrast, disagreement
from wn_gan.compare.groups import Group
from wn_gan.compare.results import Result
from wn_gan.compare.tables import (
    columns,
    make_rows,
    shown,
    to_csv,
    to_markdown,
)
from wn_gan.compare.views import View
from wn_gan.files import write_text
from wn_gan.flag_defs import to_flag_file

PLOTS = {
    "final_losses": ("Final test by norm", plots.final_losses),
    "loss_over_steps": (
        "Running test over training",
        plots.loss_over_steps,
    ),
    "loss_over_evaluations": (
        "Final test over the solver's evaluations",
        plots.loss_over_evaluations,
    ),
    "kid_over_steps": (
        "KID against training images, over training",
        functools.partial(plots.features_over_steps, name="KID (train)"),
    ),
    "coverage_over_steps": (
        "Coverage of training images, over training",
        functools.partial(plots.features_over_steps, name="coverage (train)"),
    ),
}


MAIN_COLUMNS = (
    "norm",
    "runs alive",
    "final test",
    "difference",
    "95% interval",
    "p (Holm)",
)


def write_report(
    views: Sequence[View], tuning: Tuning | None, output: Path
) -> list[Path]:
    """Writes the page, the table as CSV and Markdown, the plots as files.

    Args:
        views: the comparisons, the one that the page begins with first.
        tuning: of the runs.
        output: folder.

    Returns:
        The files written.
    """
    output.mkdir(parents=True, exist_ok=True)
    groups, contrasts = views[0].groups, views[0].contrasts
    baseline = views[0].baseline
    rows = make_rows(groups, contrasts)
    drawn = {name: draw(groups) for name, (_, draw) in PLOTS.items()}
    charts = {name: chart for name, chart in drawn.items() if chart is not None}
    written = {
        "report.html": render(groups, rows, charts, baseline, contrasts),
        "table.csv": to_csv(rows),
        "table.md": to_markdown(rows),
    }
    for name, text in written.items():
        write_text(output / name, text)
    files = [output / name for name in written]
    for name, chart in charts.items():
        for kind in ("png", "svg"):
            files.append(output / f"{name}.{kind}")
            chart.save(files[-1])
    return files


def render(
    groups: list[Group],
    rows: list[dict],
    charts: dict[str, alt.TopLevelMixin],
    baseline: Group,
    contrasts: Sequence[Contrast],
) -> str:
    """The page's HTML."""
    template = resources.files("wn_gan.compare") / "report.html.j2"
    environment = jinja2.Environment(autoescape=True)
    runs = [(group, run) for group in groups for run in group.runs]
    controls = [
        {"label": label(group, run), "found": run.controls}
        for group, run in runs
        if run.controls
    ]
    names = dict.fromkeys(n for run in controls for n in run["found"])
    protocols = {r.summary["protocol"] for _, r in runs if r.summary}
    return environment.from_string(template.read_text()).render(
        title="Normalizations compared by reconstruction",
        baseline=baseline.label,
        sentences=[f"{each.sentence()}." for each in contrasts],
        notes=[text for c in contrasts if (text := disagreement(c))],
        main_columns=MAIN_COLUMNS,
        main_rows=[_main_cells(row) for row in rows],
        columns=columns(rows),
        rows=[[shown(row[name]) for name in columns(rows)] for row in rows],
        controls=controls,
        control_names=list(names),
        plots=[
            {
                "name": name,
                "title": PLOTS[name][0],
                "spec": data_island(
                    chart.properties(width="container").to_dict()
                ),
            }
            for name, chart in charts.items()
        ],
        pictures=list(_pictures(groups)),
        protocol=", ".join(protocols) or "no final test",
        runs=[_run(group, run) for group, run in runs],
        vega_script=_script(vl_convert.javascript_bundle()),
    )


def _main_cells(row: dict) -> list[str]:
    """What the narrow table shows of a row."""
    alive = row["runs"] - row["failed or collapsed"]
    interval = ""
    if row["difference from"] is not None:
        low, high = (shown(row[f"difference {end}"]) for end in ("from", "to"))
        interval = f"{low} to {high}"
    return [
        row["norm"],
        f"{alive} of {row['runs']}",
        shown(row["final test mean"]),
        shown(row["difference"]),
        interval,
        shown(row["p (Holm)"]),
    ]


def label(group: Group, run: Result) -> str:
    """A run's name in the page."""
    return f"{group.label}, seed {run.config.seed}"


def data_island(value: Any) -> markupsafe.Markup:
    """JSON for a script element: no text in it can end the element.

    Run folders may come from anybody, so every `<` is escaped.
    """
    text = json.dumps(value).replace("<", "\\u003c")
    return markupsafe.Markup(text)


def _script(text: str) -> markupsafe.Markup:
    """Our own script, unable to end its element."""
    return markupsafe.Markup(text.replace("</script", "<\\/script"))


def _run(group: Group, run: Result) -> dict:
    provenance = run.summary["provenance"] if run.summary else {}
    return {
        "label": label(group, run),
        "state": run.state,
        "failures": [
            f"step {each.step:,}: {each}" for each in run.failures.failures
        ],
        "config": to_flag_file(run.config),
        "provenance": json.dumps(provenance, indent=1),
    }


def _pictures(groups: list[Group]) -> Iterator[dict[str, str]]:
    """Of each group's first run: more would make a heavy page."""
    for group in groups:
        run = group.runs[0]
        samples = run.folder.sample_grids()
        protocol = run.summary["protocol"] if run.summary else "none"
        test = run.folder.final_test / protocol
        for kind, path in (
            ("samples", samples[-1] if samples else None),
            ("reconstructions", test / "best_median_worst.png"),
        ):
            if path is not None and path.exists():
                data = base64.b64encode(path.read_bytes()).decode()
                yield {"caption": f"{label(group, run)}: {kind}", "data": data}

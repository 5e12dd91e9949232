"""The report: one page that needs nothing else."""

import base64
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import altair as alt
import jinja2
import markupsafe
import vl_convert

from wn_gan.compare import plots
from wn_gan.compare.results import Result
from wn_gan.compare.tables import (
    COLUMNS,
    grouped,
    make_rows,
    shown,
    to_csv,
    to_markdown,
)
from wn_gan.flag_defs import to_flag_file

PLOTS = {
    "loss_over_steps": (
        "Running test over training",
        plots.loss_over_steps,
    ),
    "final_losses": ("Final test by run", plots.final_losses),
    "loss_over_evaluations": (
        "Final test over the solver's evaluations",
        plots.loss_over_evaluations,
    ),
}


def write_report(
    results: list[Result], baseline: str, output: Path
) -> list[Path]:
    """Writes the page, the table as CSV and Markdown, the plots as files.

    Args:
        results: of all runs, of one protocol.
        baseline: group that the others are held against.
        output: folder.

    Returns:
        The files written.
    """
    output.mkdir(parents=True, exist_ok=True)
    rows = make_rows(results, baseline)
    charts = {name: draw(results) for name, (_, draw) in PLOTS.items()}
    written = {
        "report.html": render(results, rows, charts, baseline),
        "table.csv": to_csv(rows),
        "table.md": to_markdown(rows),
    }
    for name, text in written.items():
        (output / name).write_text(text)
    files = [output / name for name in written]
    for name, chart in charts.items():
        for kind in ("png", "svg"):
            files.append(output / f"{name}.{kind}")
            chart.save(files[-1])
    return files


def render(
    results: list[Result],
    rows: list[dict],
    charts: dict[str, alt.TopLevelMixin],
    baseline: str,
) -> str:
    """The page's HTML."""
    template = resources.files("wn_gan.compare") / "report.html.j2"
    environment = jinja2.Environment(autoescape=True)
    controls = [
        {"label": label(run), "found": run.controls}
        for run in results
        if run.controls
    ]
    names = dict.fromkeys(n for run in controls for n in run["found"])
    protocols = {r.summary["protocol"] for r in results if r.summary}
    return environment.from_string(template.read_text()).render(
        title="Normalizations compared by reconstruction",
        baseline=baseline,
        columns=COLUMNS,
        rows=[[shown(row[name]) for name in COLUMNS] for row in rows],
        controls=controls,
        control_names=list(names),
        plots=[
            {
                "name": name,
                "title": PLOTS[name][0],
                "spec": _script(chart.to_json(indent=None)),
            }
            for name, chart in charts.items()
        ],
        pictures=list(_pictures(results)),
        protocol=", ".join(protocols) or "no final test",
        runs=[_run(run) for run in results],
        vega_script=_script(vl_convert.javascript_bundle()),
    )


def label(run: Result) -> str:
    """A run's name in the page."""
    return f"{run.group}, seed {run.config.seed}"


def _script(text: str) -> markupsafe.Markup:
    """Script as it is, unable to close its own element."""
    return markupsafe.Markup(text.replace("</script", "<\\/script"))


def _run(run: Result) -> dict:
    provenance = run.summary["provenance"] if run.summary else {}
    return {
        "label": label(run),
        "state": run.state,
        "failures": [
            f"step {each.step:,}: {each}" for each in run.failures.failures
        ],
        "config": to_flag_file(run.config),
        "provenance": json.dumps(provenance, indent=1),
    }


def _pictures(results: list[Result]) -> Iterator[dict[str, str]]:
    """Of each group's first run: more would make a heavy page."""
    for run, *_ in grouped(results).values():
        samples = run.folder.sample_grids()
        protocol = run.summary["protocol"] if run.summary else "none"
        test = run.folder.final_test / protocol
        for kind, path in (
            ("samples", samples[-1] if samples else None),
            ("reconstructions", test / "best_median_worst.png"),
        ):
            if path is not None and path.exists():
                data = base64.b64encode(path.read_bytes()).decode()
                yield {"caption": f"{label(run)}: {kind}", "data": data}

"""The report: one page that needs nothing else."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import vl_convert

from wn_gan.compare.bundled import Tuning
from wn_gan.compare.charts import Chart, charts_of, forest_of, tuning_charts
from wn_gan.compare.contrast import Contrast
from wn_gan.compare.contrasts import disagreement
from wn_gan.compare.course import early, late
from wn_gan.compare.effort import changes_of_order, efforts
from wn_gan.compare.feature_contrasts import feature_contrasts
from wn_gan.compare.groups import Group
from wn_gan.compare.orders import orders
from wn_gan.compare.paper_tests import without_a_search
from wn_gan.compare.pictures import picture_rows
from wn_gan.compare.results import Result
from wn_gan.compare.tables import (
    beside_columns,
    cells_of,
    columns,
    main_cells,
    make_rows,
    shown,
    to_csv,
    to_markdown,
)
from wn_gan.compare.tuning_table import edges, tuning_rows
from wn_gan.compare.views import View
from wn_gan.files import write_text
from wn_gan.flag_defs import to_flag_file

_MAIN_COLUMNS = (
    "norm",
    "runs alive",
    "final test",
    "difference from {baseline}",
    "95% interval",
    "p (Holm)",
)


def write_report(
    views: Sequence[View], tuning: Tuning | None, output: Path
) -> list[Path]:
    """Writes the page, the tables as CSV and Markdown, the charts as files.

    Args:
        views: the comparisons, the one that the page begins with first.
        tuning: of the runs.
        output: folder.

    Returns:
        The files written.
    """
    output.mkdir(parents=True, exist_ok=True)
    groups = views[0].groups
    forests = [forest_of(view) for view in views]
    charts = charts_of(groups)
    tuned = tuning_charts(tuning, [group.label for group in groups])
    written = {"report.html": _render(views, tuning, forests, charts, tuned)}
    for view in views:
        rows = make_rows(view.groups, view.against_baseline)
        written[f"{view.file_name('table')}.csv"] = to_csv(rows)
        written[f"{view.file_name('table')}.md"] = to_markdown(rows)
    for name, text in written.items():
        write_text(output / name, text)
    files = [output / name for name in written]
    drawn = [forest for forest in forests if forest is not None]
    for each in (*drawn, *charts, *tuned):
        for kind in ("png", "svg"):
            files.append(output / f"{each.name}.{kind}")
            each.chart.save(files[-1])
    return files


def _render(
    views: Sequence[View],
    tuning: Tuning | None,
    forests: Sequence[Chart | None],
    charts: Sequence[Chart],
    tuned: Sequence[Chart],
) -> str:
    """The page's HTML."""
    template = resources.files("wn_gan.compare") / "report.html.j2"
    environment = jinja2.Environment(autoescape=True)
    groups = views[0].groups
    runs = _all_runs(views)
    found = efforts(groups)
    rows = make_rows(groups, views[0].against_baseline)
    return environment.from_string(template.read_text()).render(
        title="Normalizations compared by reconstruction",
        baseline=views[0].baseline.label,
        views=[_view(v, f) for v, f in zip(views, forests, strict=True)],
        notes=[t for v in views for c in v.contrasts if (t := disagreement(c))],
        order_changes=changes_of_order(found),
        without_a_search=without_a_search(groups),
        orders=orders(rows),
        feature_contrasts=_sentences(
            feature_contrasts(groups, views[0].baseline)
        ),
        running_test=_running_test(groups),
        early=_sentences(early(groups, views[0].baseline)),
        late=_sentences(late(groups)),
        beside_columns=beside_columns(rows),
        beside_rows=[cells_of(row, beside_columns(rows)) for row in rows],
        charts=[_placed(chart) for chart in charts],
        tuning=tuning
        and {
            "solver": tuning.solver,
            "rows": tuning_rows(tuning),
            "edges": edges(tuning),
            "charts": [_placed(chart) for chart in tuned],
        },
        pictures=list(picture_rows(groups)),
        failures=[r for r in (_run(*run) for run in runs) if r["causes"]],
        protocol=_protocol(runs),
        runs=[_run(*run) for run in runs],
        vega_script=_script(vl_convert.javascript_bundle()),
        **_controls(groups),
    )


def _running_test(groups: Sequence[Group]) -> str:
    """The search of the running tests, which are not of the final solver."""
    configs = [run.config for group in groups for run in group.runs]
    found = sorted({config.running_test_evaluations for config in configs})
    return f"{' or '.join(map(str, found))} evaluations of paper"


def _all_runs(views: Sequence[View]) -> list[tuple[str, Result]]:
    """Name and result of the runs of all views, each once."""
    found: dict[Path, tuple[str, Result]] = {}
    for view in views:
        more = f", {view.title}" if view.name else ""
        for group in view.groups:
            for run in group.runs:
                name = f"{group.label}, seed {run.config.seed}{more}"
                found.setdefault(run.folder.path, (name, run))
    return list(found.values())


def _view(view: View, forest: Chart | None) -> dict:
    """A comparison: its sentences, its chart, its tables."""
    rows = make_rows(view.groups, view.against_baseline)
    names = columns(rows)
    found = {contrast.label: contrast for contrast in view.against_baseline}
    return {
        "title": view.title,
        "main_id": view.file_name("main"),
        "results_id": view.file_name("results"),
        "contrasts_id": view.file_name("contrasts"),
        "sentences": _sentences(view.contrasts),
        "forest": _placed(forest) if forest is not None else None,
        "main_columns": [
            name.format(baseline=view.baseline.label) for name in _MAIN_COLUMNS
        ],
        "main_rows": [main_cells(row, found.get(row["norm"])) for row in rows],
        "columns": names,
        "rows": [cells_of(row, names) for row in rows],
    }


def _sentences(contrasts: Sequence[Contrast]) -> list[str]:
    return [f"{each.sentence()}." for each in contrasts]


def _controls(groups: Sequence[Group]) -> dict:
    """Baselines: a row each, a column per norm (its mean over the runs)."""
    found = [
        (group.label, [run.controls for run in group.runs if run.controls])
        for group in groups
    ]
    names = dict.fromkeys(n for _, runs in found for run in runs for n in run)
    return {
        "control_labels": [label for label, _ in found],
        "control_rows": [
            (name.replace("_", " "), [_mean(runs, name) for _, runs in found])
            for name in names
        ],
    }


def _mean(runs: Sequence[dict[str, float]], name: str) -> str:
    values = [run[name] for run in runs if name in run]
    return shown(sum(values) / len(values)) if values else ""


def _placed(chart: Chart) -> dict:
    """A chart, its title and its specification."""
    spec = chart.chart.properties(width="container").to_dict()
    return {
        "name": chart.name,
        "title": chart.title,
        "spec": data_island(spec),
    }


def data_island(value: Any) -> markupsafe.Markup:
    """JSON for a script element: no text in it can end the element.

    Run folders may come from anybody, so every `<` is escaped.
    """
    text = json.dumps(value).replace("<", "\\u003c")
    return markupsafe.Markup(text)


def _script(text: str) -> markupsafe.Markup:
    """Our own script, unable to end its element."""
    return markupsafe.Markup(text.replace("</script", "<\\/script"))


def _protocol(runs: Sequence[tuple[str, Result]]) -> str:
    summaries = [run.summary for _, run in runs if run.summary]
    protocols = {s.get("protocol_in_full", s["protocol"]) for s in summaries}
    of_features = {run.features_protocol for _, run in runs if run.features}
    parts = [
        *sorted(protocols),
        *(f"features {f}" for f in sorted(of_features)),
    ]
    return ", ".join(parts) or "no final test"


def _run(name: str, run: Result) -> dict:
    provenance = run.summary["provenance"] if run.summary else {}
    causes = [f"step {each.step:,}: {each}" for each in run.failures.failures]
    if run.state != "alive" and not causes:
        causes = [
            "it did not end"
            if run.state == "failed"
            else "its final test is no better than the mean image"
        ]
    return {
        "label": name,
        "state": run.state,
        "causes": causes,
        "config": to_flag_file(run.config),
        "provenance": json.dumps(provenance, indent=1),
    }

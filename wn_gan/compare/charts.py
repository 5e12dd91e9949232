"""Which charts a report has, and their titles."""

import dataclasses
import functools
from collections.abc import Sequence

import altair as alt

from wn_gan.compare import plots
from wn_gan.compare.bundled import Tuning
from wn_gan.compare.groups import Group
from wn_gan.compare.tuning_plots import best_of_k, tuned_values
from wn_gan.compare.views import View

_OF_GROUPS = {
    "loss_by_effort": (
        "Ranking against the solver's effort",
        plots.loss_by_effort,
    ),
    "loss_over_steps": ("Running test over training", plots.loss_over_steps),
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


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart of the report.

    Attributes:
        name: of its files and its place in the page.
        title: above it.
        chart: itself.
    """

    name: str
    title: str
    chart: alt.TopLevelMixin


def charts_of(groups: list[Group]) -> list[Chart]:
    """The charts of the first view's runs.

    Args:
        groups: of all its runs.
    """
    drawn = [
        Chart(name, title, draw(groups))
        for name, (title, draw) in _OF_GROUPS.items()
    ]
    return [chart for chart in drawn if chart.chart is not None]


def forest_of(view: View) -> Chart | None:
    """The chart of a view's final tests; None if no run is alive."""
    drawn = plots.final_losses(view.groups)
    name = view.file_name("final_losses")
    return None if drawn is None else Chart(name, "Final test by norm", drawn)


def tuning_charts(tuning: Tuning | None, labels: Sequence[str]) -> list[Chart]:
    """The charts of the tuning runs; none if nothing was tuned.

    Args:
        tuning: of the runs.
        labels: of the report's groups.
    """
    if tuning is None:
        return []
    cells = list(dict.fromkeys(trial.cell for trial in tuning.trials))
    if not set(cells) <= set(labels):
        labels = cells
    return [
        Chart("tuning", "Tuning runs", tuned_values(tuning, labels)),
        Chart("best_of_k", "Best of k tuning runs", best_of_k(tuning, labels)),
    ]

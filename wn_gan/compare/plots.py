"""The plots of a comparison: one color per norm in all of them."""

from collections.abc import Sequence

import altair as alt
import numpy as np

from wn_gan.compare.contrasts import score
from wn_gan.compare.effort import efforts
from wn_gan.compare.groups import Group
from wn_gan.compare.statistics import t_interval

WIDTH, HEIGHT, ROW_HEIGHT = 520, 300, 36
# Okabe and Ito's colors, told apart by color-blind readers.
COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7F7F7F",
)


def color_of(labels: Sequence[str]) -> alt.Color:
    """The color of each norm: the same in every plot.

    Args:
        labels: of all norms of the report.
    """
    colors = [COLORS[i % len(COLORS)] for i in range(len(labels))]
    return alt.Color(
        "norm:N",
        title=None,
        scale=alt.Scale(domain=labels, range=colors),
        legend=alt.Legend(
            orient="top", columns=2, labelLimit=260, symbolOpacity=1
        ),
    )


def _lines(
    groups: list[Group], values: list[dict], x: str, y: str, log: bool
) -> alt.LayerChart:
    """Plots per norm: a thin line per seed and their mean."""
    # JSON has no NaN.
    values = [each for each in values if np.isfinite(each["y"])]
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    tip = [
        alt.Tooltip("norm:N"),
        alt.Tooltip("x:Q", title=x),
        alt.Tooltip("mean(y):Q", title=f"mean {y}", format=".5f"),
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("x:Q", title=x, scale=scale),
        color=color_of([group.label for group in groups]),
    )
    runs = base.mark_line(strokeWidth=1, opacity=0.35).encode(
        y=alt.Y("y:Q", title=y, scale=alt.Scale(zero=False)),
        detail="seed:N",
    )
    mean = base.mark_line(strokeWidth=2.5, point=not log).encode(
        y=alt.Y("mean(y):Q", title=y, scale=alt.Scale(zero=False)),
        tooltip=tip,
    )
    return (runs + mean).properties(width=WIDTH, height=HEIGHT)


def loss_over_steps(groups: list[Group]) -> alt.LayerChart:
    """Plots the running-test loss over training steps."""
    values = [
        {"norm": group.label, "seed": run.config.seed, "x": step, "y": loss}
        for group in groups
        for run in group.runs
        for step, loss in run.tests
    ]
    return _lines(groups, values, "step", "running-test loss", log=False)


def features_over_steps(
    groups: list[Group], name: str
) -> alt.LayerChart | None:
    """Plots a feature-space measure over training steps.

    Args:
        groups: all runs.
        name: of the measure.

    Returns:
        The plot; None if no run has the measure at two steps.
    """
    values = [
        {"norm": group.label, "seed": run.config.seed, "x": step, "y": y[name]}
        for group in groups
        for run in group.runs
        for step, y in run.features_by_step.items()
        if name in y and len(run.features_by_step) > 1
    ]
    if not values:
        return None
    return _lines(groups, values, "step", name, log=False)


def loss_over_evaluations(groups: list[Group]) -> alt.LayerChart:
    """Plots the final test's mean loss over gradient evaluations."""
    values = [
        {"norm": group.label, "seed": run.config.seed, "x": n, "y": loss}
        for group in groups
        for run in group.runs
        if run.summary
        for n, loss in enumerate(run.summary["curve"])
        if n > 0
    ]
    return _lines(
        groups, values, "gradient evaluations", "final-test loss", log=True
    )


def loss_by_effort(groups: list[Group]) -> alt.LayerChart | None:
    """Plots the mean loss at each effort of the solver.

    Returns:
        The plot; None without a common test by the solver `paper`.
    """
    found = efforts(groups)
    values = [
        {"norm": label, "effort": effort.name, "seed": seed, "y": loss}
        for effort in found
        for label, losses in effort.losses.items()
        for seed, loss in losses.items()
        if np.isfinite(loss)
    ]
    if not values:
        return None
    order = [effort.name for effort in found]
    axis = alt.Axis(labelAngle=0)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("effort:N", title="evaluations", sort=order, axis=axis),
        color=color_of([group.label for group in groups]),
    )
    scale = alt.Scale(type="log", nice=False)
    title = "final-test loss"
    runs = base.mark_line(strokeWidth=1, opacity=0.35).encode(
        y=alt.Y("y:Q", title=title, scale=scale), detail="seed:N"
    )
    mean = base.mark_line(strokeWidth=2.5, point=True).encode(
        y=alt.Y("mean(y):Q", title=title, scale=scale),
        tooltip=["norm:N", alt.Tooltip("mean(y):Q", format=".5f")],
    )
    return (runs + mean).properties(width=WIDTH, height=HEIGHT)


def final_losses(groups: list[Group]) -> alt.LayerChart | None:
    """Plots a dot per run, and each norm's mean with a 95% t interval.

    Failed and collapsed runs have no dot.

    Returns:
        The plot; None if no run is alive.
    """
    if not _scores(groups):
        return None
    title = "final-test loss (dots: runs; bar: mean and 95% interval)"
    tip = [alt.Tooltip(f"{n}:Q", format=".5f") for n in ("mean", "from", "to")]
    rows = alt.Y("norm:N", title=None, sort=None, axis=alt.Axis(labelLimit=140))
    color = color_of([group.label for group in groups])
    color.legend = None  # the rows have names

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:Q", title=title, scale=alt.Scale(zero=False))

    means = alt.Chart(alt.Data(values=_means(groups))).encode(
        y=rows, color=color, tooltip=tip
    )
    runs = alt.Chart(alt.Data(values=_scores(groups))).encode(
        x=x("y"),
        y=rows,
        color=color,
        tooltip=["norm:N", "seed:O", alt.Tooltip("y:Q", format=".5f")],
    )
    interval = means.mark_rule(strokeWidth=3).encode(x=x("from"), x2="to:Q")
    middle = means.mark_tick(thickness=3, size=20).encode(x=x("mean"))
    dots = runs.mark_circle(size=70, opacity=0.6)
    return (interval + middle + dots).properties(
        width=WIDTH, height=ROW_HEIGHT * max(len(groups), 2)
    )


def _scores(groups: list[Group]) -> list[dict]:
    """The final test of each run that has one."""
    return [
        {"norm": group.label, "seed": seed, "y": score(run)}
        for group in groups
        for seed, run in zip(group.seeds, group.runs, strict=True)
        if np.isfinite(score(run))
    ]


def _means(groups: list[Group]) -> list[dict]:
    """Mean and interval of each norm; without runs enough, only the mean."""
    found = []
    for group in groups:
        scores = np.array([score(run) for run in group.runs])
        scores = scores[np.isfinite(scores)]
        if len(scores):
            mean = float(scores.mean())
            low, high = t_interval(scores) or (mean, mean)
            found.append(
                {"norm": group.label, "mean": mean, "from": low, "to": high}
            )
    return found

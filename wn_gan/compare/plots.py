"""The plots of a comparison."""

import altair as alt

from wn_gan.compare.groups import Group

WIDTH, HEIGHT = 520, 300


def _lines(values: list[dict], x: str, y: str, log: bool) -> alt.LayerChart:
    """Plots per norm: mean over seeds as a line, range as a band."""
    data = alt.Data(values=values)
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    axis_x = alt.X("x:Q", title=x, scale=scale if log else alt.Undefined)
    tip = [
        alt.Tooltip("norm:N"),
        alt.Tooltip("x:Q", title=x),
        alt.Tooltip("mean(y):Q", title=y, format=".5f"),
    ]
    base = alt.Chart(data).encode(
        x=axis_x, color=alt.Color("norm:N", sort=None)
    )
    band = base.mark_area(opacity=0.2).encode(
        y=alt.Y("min(y):Q", title=y, scale=alt.Scale(zero=False)),
        y2="max(y):Q",
    )
    line = base.mark_line(point=not log).encode(
        y=alt.Y("mean(y):Q", title=y, scale=alt.Scale(zero=False)),
        tooltip=tip,
    )
    return (band + line).properties(width=WIDTH, height=HEIGHT)


def loss_over_steps(groups: list[Group]) -> alt.LayerChart:
    """Plots the running-test loss over training steps."""
    values = [
        {"norm": group.label, "seed": run.config.seed, "x": step, "y": loss}
        for group in groups
        for run in group.runs
        for step, loss in run.tests
    ]
    return _lines(values, "step", "running-test loss", log=False)


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
    return _lines(values, "step", name, log=False) if values else None


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
    return _lines(values, "gradient evaluations", "final-test loss", log=True)


def final_losses(groups: list[Group]) -> alt.Chart:
    """Plots the final-test loss, one point per run."""
    values = [
        {"norm": group.label, "seed": run.config.seed, "y": run.summary["mean"]}
        for group in groups
        for run in group.runs
        if run.summary
    ]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_point(size=90, filled=True)
        .encode(
            x=alt.X("norm:N", title="norm", sort=None),
            y=alt.Y(
                "y:Q", title="final-test loss", scale=alt.Scale(zero=False)
            ),
            color="norm:N",
            tooltip=["norm:N", "seed:O", alt.Tooltip("y:Q", format=".5f")],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )

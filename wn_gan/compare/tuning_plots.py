"""The plots of a study's tuning."""

from collections.abc import Sequence

import altair as alt

from wn_gan.compare.bundled import Tuning
from wn_gan.compare.plots import HEIGHT, WIDTH, color_of
from wn_gan.compare.statistics import expected_best


def tuned_values(tuning: Tuning, labels: Sequence[str]) -> alt.LayerChart:
    """Plots each tuning run, and each norm's mean, over what was tried.

    Args:
        tuning: of the runs.
        labels: of all norms of the report, for their colors.
    """
    order = list(dict.fromkeys(trial.value for trial in tuning.trials))
    option, names = _short(order)
    values = [
        {"norm": t.cell, "value": names[t.value], "seed": t.seed, "y": t.loss}
        for t in tuning.trials
        if t.loss is not None
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "value:N",
            title=option,
            sort=list(names.values()),
            axis=alt.Axis(labelAngle=0),
        ),
        color=color_of(labels),
    )
    y = alt.Y("y:Q", title="running-test loss", scale=alt.Scale(zero=False))
    mean = alt.Y("mean(y):Q", title="running-test loss")
    dots = base.mark_circle(size=60, opacity=0.6).encode(
        y=y, tooltip=["norm:N", "value:N", "seed:O", alt.Tooltip("y:Q")]
    )
    lines = base.mark_line(strokeWidth=2).encode(y=mean)
    return (lines + dots).properties(width=WIDTH, height=HEIGHT)


def _short(values: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """The one option that is tuned, and its values; None for several."""
    options = {value.partition("=")[0] for value in values}
    if len(options) > 1 or any("_" in v.partition("=")[2] for v in values):
        return None, {value: value for value in values}
    return options.pop(), {v: v.partition("=")[2] for v in values}


def best_of_k(tuning: Tuning, labels: Sequence[str]) -> alt.Chart:
    """Plots the expected lowest loss after k tuning runs of each norm.

    Args:
        tuning: of the runs.
        labels: of all norms of the report, for their colors.
    """
    values = []
    for cell in dict.fromkeys(trial.cell for trial in tuning.trials):
        losses = [t.loss for t in tuning.trials if t.cell == cell]
        found = expected_best(losses)
        values += [
            {"norm": cell, "k": k, "y": loss}
            for k, loss in enumerate(found, start=1)
            if loss is not None
        ]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=2, point=True)
        .encode(
            x=alt.X("k:O", title="tuning runs", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "y:Q",
                title="expected lowest running-test loss",
                scale=alt.Scale(zero=False),
            ),
            color=color_of(labels),
            tooltip=["norm:N", "k:O", alt.Tooltip("y:Q", format=".5f")],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )

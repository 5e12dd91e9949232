"""Prints what a study would do, with its time from measured steps."""

import dataclasses

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import format_seconds, say
from wn_gan.study.cells import cells
from wn_gan.study.own_process import in_own_process


def preview(shared: Config, options: StudyOptions) -> None:
    """Times a few steps of each cell and prints the plan; writes nothing.

    Args:
        shared: options of all runs.
        options: options of the study.

    Raises:
        UserError: for an invalid combination, or unusable data.
    """
    planned = [
        (cell.name, dataclasses.replace(shared, **cell.values))
        for cell in cells(options)
    ]
    runs, total = len(options.seeds), 0.0
    for name, config in planned:
        seconds = in_own_process(_measure, config)
        training = seconds * config.train_steps * runs
        total += training
        say(
            f"{name}: {runs} runs of {config.train_steps:,} steps of "
            f"{seconds:.4f} s: {format_seconds(training)}"
        )
    say(
        f"{len(planned) * runs} runs: about {format_seconds(total)} of "
        "training on this machine, one after another; tests not included"
    )


def _measure(config: Config) -> float:
    """Seconds of a step."""
    from wn_gan.data import load_split
    from wn_gan.gan.building import build_gan
    from wn_gan.train.dry_run import seconds_per_step

    split = load_split(config)
    gan = build_gan(config, split.image_set.image_shape)
    return seconds_per_step(gan, config, split, config.jit_compile == "true")

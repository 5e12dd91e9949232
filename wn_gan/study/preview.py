"""Prints what a study would do, with its time from measured steps."""

import concurrent.futures
import dataclasses
import multiprocessing

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import format_seconds, say
from wn_gan.study.cells import cells


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
        seconds = _seconds_per_step(config)
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


def _seconds_per_step(config: Config) -> float:
    """Measures in a process of its own: it ends with its memory."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(_measure, config).result()


def _measure(config: Config) -> float:
    from wn_gan.data import load_split
    from wn_gan.gan.building import build_gan
    from wn_gan.train.dry_run import seconds_per_step

    split = load_split(config)
    gan = build_gan(config, split.image_set.image_shape)
    return seconds_per_step(gan, config, split, config.jit_compile == "true")

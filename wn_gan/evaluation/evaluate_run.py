"""The work of `python -m wn_gan.evaluate`."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console
from rich.table import Table

from wn_gan.config import TestOptions
from wn_gan.distribution import is_chief, make_strategy, others_may_go
from wn_gan.errors import UserError
from wn_gan.evaluation.foreign import foreign_test, load_generator
from wn_gan.evaluation.own_images import own_images
from wn_gan.evaluation.run_test import RunTest
from wn_gan.flag_defs import options_from_flags
from wn_gan.progress import ImageProgress
from wn_gan.trained import open_trained


def evaluate_run(flags: Any) -> list[dict]:
    """Measures what the flags name and prints a table.

    Args:
        flags: of `wn_gan.evaluate`.

    Returns:
        The summary of each checkpoint and batch-norm mode.

    Raises:
        UserError: for a run, images or options that cannot be used; then
            nothing has been written.
    """
    options = options_from_flags(TestOptions, flags)
    strategy = make_strategy(options)
    with others_may_go(strategy):
        if flags.saved_model is not None:
            return [_evaluate_saved_model(flags, options, strategy)]
        return _evaluate_run(flags, options, strategy)


def _evaluate_run(
    flags: Any, options: TestOptions, strategy: tf.distribute.Strategy
) -> list[dict]:
    run = open_trained(flags.run_dir)
    split = run.load_split(flags.data_dir)
    checkpoints = run.checkpoint_names(flags.checkpoint)
    targets = (
        None
        if flags.images is None
        else own_images(flags.images, run.image_shape)
    )
    test = RunTest(
        run,
        split,
        options,
        targets,
        flags.images,
        flags.output,
        flags.average,
        strategy,
    )
    jobs = [(name, mode) for name in checkpoints for mode in test.modes()]
    summaries = []
    chief = is_chief(strategy)
    total = len(jobs) * len(test.targets)
    with ImageProgress(total, shown=chief) as progress:
        for name, mode in jobs:
            summaries.append(test.measure(name, mode, progress.advance))
    controls = test.controls() if flags.controls else {}
    if chief:
        _print(summaries, controls, test.folder)
    return summaries


def _evaluate_saved_model(
    flags: Any, options: TestOptions, strategy: tf.distribute.Strategy
) -> dict:
    """Measures `--saved_model` on `--images`, into `--output`."""
    for name in ("images", "output"):
        if getattr(flags, name) is None:
            raise UserError(f"--{name}: missing; --saved_model needs it")
    _, _, image = load_generator(flags.saved_model)
    targets = own_images(flags.images, tuple(image.shape[1:]))
    test = foreign_test(
        flags.saved_model,
        targets,
        flags.images,
        options,
        flags.output,
        strategy,
    )
    chief = is_chief(strategy)
    with ImageProgress(len(targets), shown=chief) as progress:
        summary = test.run(progress.advance)
    if chief:
        _print([summary], {}, test.folder)
    return summary


def _print(summaries: list[dict], controls: dict, folder: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    protocol = summaries[0]["protocol"]
    table = Table(title=f"reconstruction loss, protocol {protocol}")
    for column in ("generator", "mean", "95%", "median"):
        table.add_column(column, no_wrap=True)
    for summary in summaries:
        low, high = summary["interval_95"]
        table.add_row(
            _label(summary["provenance"]),
            f"{summary['mean']:.5f}",
            f"{low:.5f} to {high:.5f}",
            f"{summary['median']:.5f}",
        )
    for name, value in controls.items():
        table.add_row(name.replace("_", " "), f"{value:.5f}", "", "")
    console.print(table)
    console.print(f"written to {folder}", markup=False)


def _label(source: dict) -> str:
    if "checkpoint" not in source:
        return source["saved_model"]
    text = f"{source['checkpoint']} (step {source['step']:,})"
    if source.get("average"):
        text += ", moving average"
    if "batch" in source["norm"]:
        text += f", {source['batch_norm']} statistics"
    return text

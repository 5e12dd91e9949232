"""The work of `python -m wn_gan.evaluate`."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from wn_gan.data import load_images, load_npz
from wn_gan.errors import bad_flag
from wn_gan.evaluation.options import TestOptions
from wn_gan.evaluation.run_test import RunTest
from wn_gan.progress import ImageProgress
from wn_gan.trained import TrainedRun, open_trained


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
    options = TestOptions(
        solver=flags.solver,
        evaluations=flags.evaluations,
        num_starts=flags.num_starts,
        prior_penalty=flags.prior_penalty,
        test_batch_size=flags.test_batch_size,
    )
    run = open_trained(flags.run_dir, flags.data_dir)
    checkpoints = run.checkpoint_names(flags.checkpoint)
    targets = None if flags.images is None else own_images(flags.images, run)
    test = RunTest(run, options, targets, flags.images, flags.output)
    jobs = [(name, mode) for name in checkpoints for mode in test.modes()]
    summaries = []
    with ImageProgress(len(jobs) * len(test.targets)) as progress:
        for name, mode in jobs:
            summaries.append(test.measure(name, mode, progress.advance))
    controls = test.controls() if flags.controls else {}
    _print(test, summaries, controls)
    return summaries


def own_images(source: str, run: TrainedRun) -> np.ndarray:
    """The images of `--images`, fit for the run's generator.

    Args:
        source: "folder:<path>" or "npz:<path>".
        run: whose generator is to find them.

    Raises:
        UserError: for another source, or images of another size.
    """
    kind, _, path = source.partition(":")
    height, width, channels = run.split.image_set.image_shape
    if kind == "npz" and path:
        found = load_npz(path)
    elif kind == "folder" and path:
        found = load_images(source, width=width, height=height).train
    else:
        raise bad_flag("images", source, "must be folder:<path> or npz:<path>")
    if found.shape[1:] != (height, width, channels):
        shape = "x".join(map(str, found.shape[1:]))
        raise bad_flag(
            "images",
            source,
            f"images of {shape}; this generator makes "
            f"{height}x{width}x{channels}",
        )
    return found


def _print(test: RunTest, summaries: list[dict], controls: dict) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(title=f"reconstruction loss, protocol {test.protocol}")
    for column in ("checkpoint", "batch norm", "mean", "95%", "median"):
        table.add_column(column, no_wrap=True)
    for summary in summaries:
        source = summary["provenance"]
        low, high = summary["interval_95"]
        table.add_row(
            f"{source['checkpoint']} (step {source['step']:,})",
            source["batch_norm"] if len(test.modes()) > 1 else "",
            f"{summary['mean']:.5f}",
            f"{low:.5f} to {high:.5f}",
            f"{summary['median']:.5f}",
        )
    for name, value in controls.items():
        table.add_row(name.replace("_", " "), "", f"{value:.5f}", "", "")
    console.print(table)
    console.print(f"written to {test.folder}", markup=False)

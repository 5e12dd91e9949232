"""A run, begun or as its last checkpoint left it."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from wn_gan.building import build_gan
from wn_gan.callbacks import Run, Standing
from wn_gan.checkpoints import Checkpoints
from wn_gan.config import Config
from wn_gan.data import Split
from wn_gan.distribution import wait_for_all
from wn_gan.environment import describe_environment
from wn_gan.errors import UserError
from wn_gan.failures import FailureLog
from wn_gan.files import write_json
from wn_gan.metrics import MetricsFile
from wn_gan.progress import TrainingProgress
from wn_gan.run_folder import RunFolder
from wn_gan.tensorboard_log import TensorBoardLog


@contextlib.contextmanager
def open_run(
    config: Config,
    folder: RunFolder,
    split: Split,
    failures: FailureLog,
    strategy: tf.distribute.Strategy,
) -> Iterator[Run]:
    """The run, its folder and GAN as the last checkpoint left them.

    Args:
        config: of the run.
        folder: locked by the chief.
        split: its images.
        failures: of the run so far, none pending.
        strategy: in whose scope this is called.

    Raises:
        UserError: if the run is further than `train_steps` already, or all
            its checkpoints are damaged.
    """
    attempt = failures.attempt(config)
    gan = build_gan(attempt, split.image_set.image_shape)
    checkpoints = Checkpoints(folder.checkpoints, config.keep_checkpoints)
    resumed = checkpoints.restore_latest(gan)
    standing = Standing(**resumed[0]) if resumed else Standing()
    if not checkpoints.path("best").exists():
        # Dropped in a rollback: the next test makes another one.
        standing.best_step = standing.best_loss = None
    wait_for_all(strategy)  # nobody reads any more: the chief may write
    if standing.step > config.train_steps:
        raise UserError(
            f"--train_steps={config.train_steps}: the run in {folder.path} "
            f"has done {standing.step} already"
        )
    run = Run(attempt, gan, folder, checkpoints, standing, failures, strategy)
    if not run.chief:
        yield run
        return
    folder.write_config(config)
    write_json(folder.environment, describe_environment())
    MetricsFile(folder.metrics).cut_after(standing.step)
    run.tensorboard = TensorBoardLog(folder.tensorboard, standing.step)
    run.progress = TrainingProgress(standing.step, config.train_steps)
    with contextlib.closing(run.tensorboard), run.progress:
        _tell_beginning(run, split, resumed[1] if resumed else None)
        yield run


def _tell_beginning(run: Run, split: Split, damaged: list[str] | None) -> None:
    """Says what the run begins with.

    Args:
        run: of which this is the chief.
        split: its images.
        damaged: a line for each damaged checkpoint; None where there was no
            checkpoint at all.
    """
    step = run.standing.step
    run.tensorboard.config(run.config)
    for line in split.image_set.skipped:
        run.tell(f"skipped {line}")
    for line in damaged or ():
        run.tell(f"{line}; going on from the one before")
    for failure in run.failures.failures:
        run.tensorboard.text(step, "failures", str(failure))
        run.tell(f"failed at step {failure.step:,}: {failure}")
    if damaged is not None:
        run.tell(f"{run.folder.path}: step {step:,} restored")

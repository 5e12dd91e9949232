"""Opens a run: a new one, or one resumed from its last checkpoint."""

import contextlib
from collections.abc import Iterator, Mapping

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data import Split
from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.errors import UserError
from wn_gan.files import write_json
from wn_gan.gan.building import build_gan
from wn_gan.progress import Progress
from wn_gan.runs.checkpoint_file import read
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.environment import record_environment
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.metrics import MetricsFile
from wn_gan.train.state import Run, TrainState
from wn_gan.train.tensorboard_log import TensorBoardLog


@contextlib.contextmanager
def open_run(
    config: Config,
    folder: RunFolder,
    split: Split,
    failures: FailureLog,
    strategy: tf.distribute.Strategy,
) -> Iterator[Run]:
    """Creates a run or restores its last checkpoint; a context manager.

    Args:
        config: config of the run.
        folder: folder of the run, locked by the chief.
        split: split of its images.
        failures: failures of the run, none pending.
        strategy: strategy of the training; call this in its scope.

    Raises:
        UserError: if the run has done more than `train_steps` steps, or all
            its checkpoints are damaged.
    """
    attempt = failures.attempt(config)
    gan = build_gan(attempt, split.image_set.image_shape)
    checkpoints = Checkpoints(folder.checkpoints, config.keep_checkpoints)
    latest = checkpoints.restore_latest(gan)
    state = TrainState.of_checkpoint(latest.metadata if latest else {})
    earlier = _earlier_test(folder)
    state.begin_tests(running_test_of(config, split.description()), earlier)
    wait_for_all(strategy)  # all have read; the chief may write
    if state.step > config.train_steps:
        raise UserError(
            f"--train_steps={config.train_steps}: the run in {folder.path} "
            f"has done {state.step} already"
        )
    if latest and is_chief(strategy):
        if latest.name != "last":
            checkpoints.copy(latest.name, "last")
        match_best(checkpoints, state, earlier)
        keep_missing(checkpoints, config.keep_every_steps, state.step)
    wait_for_all(strategy)
    if not checkpoints.path("best").exists():
        # A rollback deleted it; the next test writes a new one.
        state.best_step = state.best_loss = None
    run = Run(attempt, gan, folder, checkpoints, state, failures, strategy)
    if not run.chief:
        yield run
        return
    write_json(folder.split, split.description())
    folder.write_config(config)
    if state.step < config.train_steps:
        record_environment(folder.environment)
        folder.final.unlink(missing_ok=True)  # from a shorter run
    # A step that was saved during its test is reported again.
    reported = state.step - (state.unreported is not None)
    MetricsFile(folder.metrics).cut_after(reported)
    run.tensorboard = TensorBoardLog(folder.path, reported)
    run.progress = Progress(config.train_steps, "step", state.step)
    with contextlib.closing(run.tensorboard), run.progress:
        _say_beginning(run, split, latest.damaged if latest else None)
        yield run


def running_test_of(config: Config, description: Mapping) -> str:
    """What the losses of the running tests depend on besides the generator.

    Args:
        config: of the run.
        description: of its split, see `Split.description`.
    """
    images = description["part_sha256"]["running_test"]
    return f"{images}, {config.running_test_evaluations} evaluations"


def _earlier_test(folder: RunFolder) -> str | None:
    """That of the run as its folder describes it; None before its start."""
    description = read_json(folder.split)
    if description is None or not folder.config.exists():
        return None
    return running_test_of(folder.read_config(), description)


def match_best(
    checkpoints: Checkpoints, state: TrainState, earlier: str | None = None
) -> None:
    """Makes `best` the checkpoint that the state names.

    A kill after `last` was written, but before its copy `best`, leaves an
    older `best` or none.

    Args:
        checkpoints: of the run.
        state: of its `last`.
        earlier: the running test of checkpoints that do not name theirs.
    """
    found = checkpoints.step("best")
    if found is None or found == state.best_step:
        if found is None and state.best_step == state.step:
            checkpoints.copy("last", "best")
        return
    if state.best_step == state.step:
        checkpoints.copy("last", "best")
    else:
        # `last` was damaged: `best` is of steps that will be done again.
        metadata = read(checkpoints.path("best"))[1]
        if metadata.get("running_test", earlier) == state.running_test:
            state.best_step, state.best_loss = found, metadata["best_loss"]


def keep_missing(checkpoints: Checkpoints, every: int, step: int) -> None:
    """Keeps the checkpoint of a step after a kill between saving and keeping.

    Args:
        checkpoints: of the run; `last` is of the step.
        every: interval of the steps to keep; 0 for none.
        step: that the run goes on from.
    """
    due = every > 0 and step > 0 and step % every == 0
    if due and not checkpoints.path(f"step_{step:08}").exists():
        checkpoints.keep_step(step)


def _say_beginning(run: Run, split: Split, damaged: list[str] | None) -> None:
    """Prints the first messages of a run.

    Args:
        run: a run; this process is its chief.
        split: split of its images.
        damaged: one message per damaged checkpoint; None if there was no
            checkpoint.
    """
    step = run.state.step
    run.tensorboard.config(run.config)
    if not step:
        counts = split.description()["num_images"]
        run.say(
            f"{run.config.dataset}: {counts['train']:,} training images, "
            f"{counts['running_test']:,} for the running test, "
            f"{counts['final_test']:,} for the final test"
        )
    for line in split.image_set.skipped:
        run.say(f"skipped {line}")
    for line in damaged or ():
        run.say(f"{line}; continuing from another checkpoint")
    for failure in run.failures.failures:
        run.tensorboard.text(step, "failures", str(failure))
        run.say(f"failed at step {failure.step:,}: {failure}")
    if damaged is not None:
        run.say(f"{run.folder.path}: step {step:,} restored")

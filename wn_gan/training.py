"""A training run from its config to its final.json."""

import contextlib
from collections.abc import Iterator, Sequence

import tensorflow as tf

from wn_gan.building import build_gan, check_sizes
from wn_gan.callbacks import (
    Action,
    Diagnose,
    Guard,
    ReportMetrics,
    Run,
    SampleGrid,
    SaveCheckpoint,
    Schedule,
    Standing,
    TestGenerator,
    WatchFeed,
)
from wn_gan.checkpoints import Checkpoints, weights_sha256
from wn_gan.config import Config
from wn_gan.data import (
    Augmentation,
    Feed,
    Split,
    load_split,
    training_batches,
)
from wn_gan.environment import describe_environment, peak_memory_mib
from wn_gan.errors import TrainingFailed, UserError
from wn_gan.failures import FailureLog
from wn_gan.files import write_json
from wn_gan.metrics import MetricsFile
from wn_gan.progress import TrainingProgress, format_seconds
from wn_gan.recovery import explain, recover
from wn_gan.run_folder import RunFolder
from wn_gan.signals import StopRequest
from wn_gan.tensorboard_log import TensorBoardLog


def feed_of(config: Config, split: Split) -> Feed:
    """What reads the training images."""
    augmentation = Augmentation(
        config.seed, config.random_crop, config.horizontal_flip
    )
    return Feed(split.train, augmentation)


def batches(config: Config, feed: Feed, start_step: int) -> tf.data.Dataset:
    """The training images from a step on."""
    size = config.batch_size * config.d_steps
    return training_batches(feed, size, config.seed, start_step)


def train(config: Config, allow_change: Sequence[str] = ()) -> int:
    """Begins, resumes or finishes the run in `config.run_dir`.

    Args:
        config: of the run, with a `run_dir`.
        allow_change: options that may differ from those that a run to be
            resumed began with.

    Returns:
        0 when the run is finished, 128 + the signal's number when a signal
        ended it; then all is saved and the same call goes on.

    Raises:
        UserError: for data, a folder or options that cannot be used; then
            nothing has been written.
        TrainingFailed: where `--on_failure` says stop, or too many
            recoveries have been tried; nothing is lost.
    """
    folder = RunFolder(config.run_dir)
    folder.check(config, allow_change)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    split = load_split(config)
    check_sizes(config, split.image_set.image_shape)
    with folder.locked():
        folder.check_split(split.description(), "dataset" in allow_change)
        failures = FailureLog(folder.failures)
        while not failures.pending or recover(config, folder, failures):
            with open_run(config, folder, split, failures) as run:
                status = _fit(run, split)
            if not run.failed:
                return status
        raise TrainingFailed(explain(config, failures.pending, folder))


@contextlib.contextmanager
def open_run(
    config: Config, folder: RunFolder, split: Split, failures: FailureLog
) -> Iterator[Run]:
    """The run, its folder and GAN as the last checkpoint left them.

    Args:
        config: of the run.
        folder: locked by the caller.
        split: its images.
        failures: of the run so far, none pending.

    Raises:
        UserError: if the run is further than `train_steps` already, or all
            its checkpoints are damaged.
    """
    attempt = failures.attempt(config)
    gan = build_gan(attempt, split.image_set.image_shape)
    checkpoints = Checkpoints(folder.checkpoints, config.keep_checkpoints)
    resumed = checkpoints.restore_latest(gan)
    standing = Standing(**resumed[0]) if resumed else Standing()
    if standing.step > config.train_steps:
        raise UserError(
            f"--train_steps={config.train_steps}: the run in {folder.path} "
            f"has done {standing.step} already"
        )
    folder.write_config(config)
    write_json(folder.environment, describe_environment())
    MetricsFile(folder.metrics).cut_after(standing.step)
    tensorboard = TensorBoardLog(folder.tensorboard, standing.step)
    tensorboard.config(attempt)
    for failure in failures.failures:
        tensorboard.text(standing.step, "failures", str(failure))
    progress = TrainingProgress(standing.step, config.train_steps)
    with contextlib.closing(tensorboard), progress:
        for line in split.image_set.skipped:
            progress.message(f"skipped {line}")
        for line in resumed[1] if resumed else ():
            progress.message(f"{line}; going on from the one before")
        for failure in failures.failures[-1:]:
            progress.message(f"failed at step {failure.step:,}: {failure}")
        if resumed:
            progress.message(f"{folder.path}: step {standing.step:,} restored")
        yield Run(
            attempt,
            gan,
            folder,
            checkpoints,
            tensorboard,
            progress,
            standing,
            failures,
        )


def build_actions(run: Run, split: Split, feed: Feed) -> list[Action]:
    """What is done between steps; the order matters to `Schedule`."""
    targets = split.running_test[:]
    diagnosed = run.config.diagnostics_every_steps > 0
    return [
        Guard(run, targets),
        WatchFeed(run, feed),
        TestGenerator(run, targets),
        SampleGrid(run),
        *([Diagnose(run, targets)] if diagnosed else []),
        ReportMetrics(run),
        SaveCheckpoint(run),
    ]


def _fit(run: Run, split: Split) -> int:
    """Trains what is left, then writes final.json."""
    config, standing = run.config, run.standing
    if standing.step == config.train_steps and run.folder.final.exists():
        _tell_end(run)
        return 0
    if standing.step < config.train_steps:
        with StopRequest() as stop:
            feed = feed_of(config, split)
            if standing.step == 0:
                _initialize(run, feed)
            schedule = Schedule(run, build_actions(run, split, feed), stop)
            try:
                run.gan.fit(
                    batches(config, feed, standing.step),
                    steps_per_epoch=config.train_steps - standing.step,
                    verbose=0,
                    shuffle=False,
                    callbacks=[schedule],
                )
            except tf.errors.OpError as error:
                raise _data_error(feed) or error from error
        if run.failed:
            return TrainingFailed.exit_status
        if stop.signal and standing.step < config.train_steps:
            run.progress.message(
                f"{stop.signal.name}: saved at step {standing.step:,}; the "
                "same command goes on from there"
            )
            return stop.exit_status
    _finish(run)
    return 0


def _initialize(run: Run, feed: Feed) -> None:
    """The data-dependent start, where a norm asks for it."""
    config = run.config
    norms = (config.generator_norm, config.discriminator_norm)
    if "weight_data_init" in norms:
        first = next(iter(batches(config, feed, 0)))
        run.gan.initialize(first[: config.batch_size])


def _data_error(feed: Feed) -> UserError | None:
    """What went wrong while images were read, if that is what went wrong."""
    if feed.error is None:
        return None
    return UserError(f"{feed.error}; all up to the last checkpoint is saved")


def _finish(run: Run) -> None:
    standing = run.standing
    write_json(
        run.folder.final,
        {
            "step": standing.step,
            "best_step": standing.best_step,
            "best_reconstruction_loss": standing.best_loss,
            "weights_sha256": weights_sha256(run.gan),
            "wall_seconds": standing.seconds,
            "peak_memory_mib": peak_memory_mib(),
            "recoveries": run.failures.recoveries,
        },
    )
    _tell_end(run)


def _tell_end(run: Run) -> None:
    standing = run.standing
    run.progress.message(
        f"{run.folder.path}: {standing.step:,} steps done in "
        f"{format_seconds(standing.seconds)}, best running-test loss "
        f"{standing.best_loss} at step {standing.best_step}"
    )

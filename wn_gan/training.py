"""A training run from its config to its final.json."""

import contextlib
from collections.abc import Sequence

import tensorflow as tf

from wn_gan.building import check_sizes
from wn_gan.callbacks import (
    Action,
    Diagnose,
    Guard,
    Interrupted,
    ReportMetrics,
    Run,
    SampleGrid,
    SaveCheckpoint,
    Schedule,
    TestGenerator,
    WatchFeed,
)
from wn_gan.checkpoints import weights_sha256
from wn_gan.config import Config
from wn_gan.data import Feed, Split, batches, feed_of, load_split
from wn_gan.distribution import (
    check_batch_size,
    is_chief,
    make_strategy,
    others_may_go,
    wait_for_all,
)
from wn_gan.environment import peak_memory_mib
from wn_gan.errors import TrainingFailed, UserError
from wn_gan.failures import FailureLog
from wn_gan.files import write_json
from wn_gan.loop import TrainingLoop
from wn_gan.opening import open_run
from wn_gan.progress import format_seconds
from wn_gan.recovery import explain, recover
from wn_gan.run_folder import RunFolder
from wn_gan.signals import StopRequest


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
    strategy = make_strategy(config)
    check_batch_size(config.batch_size, strategy)
    folder = RunFolder(config.run_dir)
    folder.check(config, allow_change)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    split = load_split(config)
    check_sizes(config, split.image_set.image_shape)
    chief = is_chief(strategy)
    with folder.locked() if chief else contextlib.nullcontext():
        if chief:
            allowed = "dataset" in allow_change
            folder.check_split(split.description(), allowed)
        with strategy.scope(), others_may_go(strategy):
            return _attempts(config, folder, split, strategy)


def _attempts(
    config: Config,
    folder: RunFolder,
    split: Split,
    strategy: tf.distribute.Strategy,
) -> int:
    """Trains until the run is finished, stopped or given up."""
    while True:
        failures = FailureLog(folder.failures)
        if failures.pending and is_chief(strategy):
            recover(config, folder, failures)
        wait_for_all(strategy)
        failures = FailureLog(folder.failures)
        if failures.pending:
            raise TrainingFailed(explain(config, failures.pending, folder))
        with open_run(config, folder, split, failures, strategy) as run:
            status = _fit(run, split)
        if not run.failed:
            return status
        wait_for_all(strategy)


def build_actions(run: Run, split: Split, feed: Feed) -> list[Action]:
    """What is done between steps; the order matters to `Schedule`.

    Workers that are not the chief do what all of them must do together.
    """
    targets = split.running_test[:]
    shared = [Guard(run, targets), WatchFeed(run, feed)]
    test = TestGenerator(run, targets)
    if not run.chief:
        return [*shared, test]
    diagnosed = run.config.diagnostics_every_steps > 0
    return [
        *shared,
        test,
        SampleGrid(run),
        *([Diagnose(run, targets)] if diagnosed else []),
        ReportMetrics(run),
        SaveCheckpoint(run),
    ]


def _fit(run: Run, split: Split) -> int:
    """Trains what is left, then writes final.json."""
    config, standing = run.config, run.standing
    if standing.step < config.train_steps or standing.unreported is not None:
        with StopRequest() as stop:
            stopped = _train(run, split, stop)
        if run.failed:
            return TrainingFailed.exit_status
        if stopped:
            run.tell(
                f"{stop.name}: saved at step {standing.step:,}; the "
                "same command goes on from there"
            )
            return stop.exit_status
    elif run.folder.final.exists():
        _tell_end(run)
        return 0
    if run.chief:
        _finish(run)
    return 0


def _train(run: Run, split: Split, stop: StopRequest) -> bool:
    """The steps that are left; returns whether it was asked to stop."""
    config, standing = run.config, run.standing
    run.stop = stop
    feed = feed_of(config, split)
    if standing.step == 0:
        _initialize(run, feed)
    schedule = Schedule(run, build_actions(run, split, feed))
    loop = TrainingLoop(
        run.gan, run.strategy, config.steps_per_execution, config.jit_compile
    )
    stream = iter(batches(config, feed, standing.step, run.strategy))
    try:
        if standing.unreported is not None:
            schedule.after_step(standing.unreported)
        while standing.step < config.train_steps and not run.failed:
            schedule.before_step()
            logs, stopping = loop(stream, stop.asked)
            standing.step += config.steps_per_execution
            schedule.after_step(logs, stopping)
            if stopping and standing.step < config.train_steps:
                return True
    except Interrupted:
        return True
    except tf.errors.OpError as error:
        raise _data_error(feed) or error from error
    return False


def _initialize(run: Run, feed: Feed) -> None:
    """The data-dependent start, where a norm asks for it."""
    config = run.config
    norms = (config.generator_norm, config.discriminator_norm)
    if "weight_data_init" in norms:
        run.gan.initialize(next(iter(batches(config, feed, 0))))


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
    run.tell(
        f"{run.folder.path}: {standing.step:,} steps done in "
        f"{format_seconds(standing.seconds)}, best running-test loss "
        f"{standing.best_loss:.5f} at step {standing.best_step}"
    )

"""A training run from its config to its final.json."""

import contextlib
from collections.abc import Sequence

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data import (
    Feed,
    Split,
    batches,
    check_batch,
    feed_of,
    load_split,
)
from wn_gan.distribution import (
    check_batch_size,
    is_chief,
    losing_workers,
    make_strategy,
    planned_workers,
    wait_for_all,
)
from wn_gan.errors import TrainingFailed
from wn_gan.files import write_json
from wn_gan.gan.building import check_sizes
from wn_gan.gan.memory import check_memory
from wn_gan.gan.model import initialize_gan
from wn_gan.progress import format_seconds
from wn_gan.runs.checkpoint_file import gan_parts, parts_sha256
from wn_gan.runs.environment import peak_memory_mib
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.same_run import check_run, check_split, with_own_sizes
from wn_gan.train.actions.diagnosing import Diagnose
from wn_gan.train.actions.guard import Guard
from wn_gan.train.actions.reporting import Report
from wn_gan.train.actions.sampling import SampleGrid
from wn_gan.train.actions.saving import Save
from wn_gan.train.actions.testing import TestGenerator
from wn_gan.train.actions.watch_feed import WatchFeed
from wn_gan.train.compiling import check_xla, uses_xla
from wn_gan.train.loop import TrainingLoop, most_steps_per_call
from wn_gan.train.onednn import check_precision
from wn_gan.train.opening import open_run
from wn_gan.train.recovery import explain, recover
from wn_gan.train.schedule import Action, Outcome, Schedule
from wn_gan.train.signals import StopRequest
from wn_gan.train.state import Run


def train(config: Config, allow_change: Sequence[str] = ()) -> int:
    """Starts, resumes or finishes the run in `config.run_dir`.

    Args:
        config: config of the run, with a `run_dir`.
        allow_change: options that may differ from those of the run to
            resume.

    Returns:
        0 if the run is finished; 128 + the signal's number if a signal ended
        it. In that case everything is saved, and the same call continues.

    Raises:
        UserError: for unusable data, folder or options (nothing has been
            written then), or if images become unreadable during training.
        TrainingFailed: if the run failed and `--on_failure` stops it, or
            after `--max_recoveries`; nothing is lost.
    """
    strategy = make_strategy(config)
    check_batch_size(config.batch_size, strategy)
    check_precision(config.precision)
    check_xla(config, strategy)
    folder = RunFolder(config.run_dir)
    check_run(folder, config, allow_change)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    other_images = "dataset" in allow_change
    sized = config if other_images else with_own_sizes(folder, config)
    split = load_split(sized)
    check_sizes(config, split.image_set.image_shape)
    check_memory(config, split.image_set.image_shape, planned_workers(config))
    check_batch(config, split)
    chief = is_chief(strategy)
    with folder.locked() if chief else contextlib.nullcontext():
        if chief:
            check_split(folder, split.description(), other_images)
        with strategy.scope(), losing_workers(strategy), StopRequest() as stop:
            return _attempts(config, folder, split, strategy, stop)


def _attempts(
    config: Config,
    folder: RunFolder,
    split: Split,
    strategy: tf.distribute.Strategy,
    stop: StopRequest,
) -> int:
    """Trains until the run is finished, stopped or given up."""
    while True:
        _recover(config, folder, strategy)
        failures = FailureLog(folder.failures)
        with open_run(config, folder, split, failures, strategy) as run:
            run.stop = stop
            outcome = _train(run, split)
            if outcome is Outcome.FINISHED:
                _finish(run)
                return 0
            if outcome is Outcome.STOPPED:
                run.say(
                    f"{stop.name}: saved at step {run.state.step:,}; the same "
                    "command continues from there"
                )
                return stop.exit_status
        wait_for_all(strategy)


def _recover(
    config: Config, folder: RunFolder, strategy: tf.distribute.Strategy
) -> None:
    """Applies `--on_failure` if a failure is pending."""
    failures = FailureLog(folder.failures)
    if failures.pending and is_chief(strategy):
        recover(config, folder, failures)
    wait_for_all(strategy)
    pending = FailureLog(folder.failures).pending
    if pending:
        raise TrainingFailed(explain(config, pending, folder))


def _train(run: Run, split: Split) -> Outcome:
    """Runs the remaining steps.

    Raises:
        UserError: if images have become unreadable.
    """
    config, state = run.config, run.state
    if state.step >= config.train_steps and state.unreported is None:
        return Outcome.FINISHED
    feed = feed_of(config, split)
    with feed.naming_errors("; the last checkpoint is intact"):
        if state.step == 0:
            _initialize(run, feed)
        return _run_steps(run, split, feed)


def _run_steps(run: Run, split: Split, feed: Feed) -> Outcome:
    config, state = run.config, run.state
    watch = WatchFeed(run, feed)
    schedule = build_schedule(run, split, watch)
    jit_compile, line = uses_xla(
        config, split, run.folder.jit_compile, run.strategy
    )
    if line:
        run.say(line)
    loop = TrainingLoop(
        run.gan,
        run.strategy,
        jit_compile,
        config.bfloat16_convolutions,
    )
    most = most_steps_per_call(config, split.image_set.image_shape)
    stream = iter(batches(config, feed, state.step, run.strategy))
    outcome = None
    if state.unreported is not None:
        outcome = schedule.after_step(state.unreported)
    while outcome is None:
        steps = min(most, config.steps_until_due(state.step))
        with watch.steps(steps):
            logs, stopping = loop(stream, steps, run.stop.asked)
        state.step += steps
        outcome = schedule.after_step(logs, stopping)
    return outcome


def build_schedule(run: Run, split: Split, watch: WatchFeed) -> Schedule:
    """Returns the work after each step.

    Workers other than the chief do only what all workers must do together.
    """
    targets = split.running_test[:]
    for line in split.running_test.skipped_lines():
        run.say(line)
    guard = Guard(run, targets)
    actions: list[Action] = [watch, TestGenerator(run, targets)]
    if run.config.diagnostics_every_steps:
        actions.append(Diagnose(run, targets))
    if not run.chief:
        return Schedule(run, guard, actions)
    actions.append(SampleGrid(run))
    return Schedule(run, guard, actions, Report(run), Save(run))


def _initialize(run: Run, feed: Feed) -> None:
    """Initializes networks with the norm `weight_data_init` from data."""
    config = run.config
    wanted = [
        norm == "weight_data_init"
        for norm in (config.generator_norm, config.discriminator_norm)
    ]
    if any(wanted):
        initialize_gan(run.gan, next(iter(batches(config, feed, 0))), *wanted)


def _finish(run: Run) -> None:
    """Writes final.json if it is missing, and prints the result."""
    state = run.state
    if run.chief and not run.folder.final.exists():
        weights = {k: v for k, v in gan_parts(run.gan).items() if k != "step"}
        write_json(
            run.folder.final,
            {
                "step": state.step,
                "best_step": state.best_step,
                "best_reconstruction_loss": state.best_loss,
                "weights_sha256": parts_sha256(weights),
                "wall_seconds": state.seconds,
                "peak_memory_mib": peak_memory_mib(),
                "recoveries": run.failures.recoveries,
            },
        )
    best = "no running test gave a number"
    if state.best_loss is not None:
        best = (
            f"best running-test loss {state.best_loss:.5f} at step "
            f"{state.best_step}"
        )
    run.say(
        f"{run.folder.path}: {state.step:,} steps done in "
        f"{format_seconds(state.seconds)}, {best}"
    )
    path = run.folder.path
    run.say(f"pictures: {run.folder.samples}, {run.folder.reconstructions}")
    run.say(f"curves: tensorboard --logdir {path.parent}")
    run.say(f"next: python -m wn_gan.evaluate --run_dir={path}")

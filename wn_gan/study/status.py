"""The state of a study's runs."""

from collections.abc import Sequence

from rich.table import Table

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import format_seconds, make_console
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.run_state import has_failed, last_record, state_of
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import (
    Measurement,
    final_measurements,
    tuning_measurement,
)
from wn_gan.study.plan import tuning_trials
from wn_gan.study.views import planned_views


def print_status(shared: Config, options: StudyOptions) -> None:
    """Prints a table of the runs, and how many are done.

    Args:
        shared: options of all runs.
        options: of the study.
    """
    configs = known_runs(shared, options)
    bundle = Bundle(options.study_dir)
    tuned = {t.config.run_dir for t in tuning_trials(shared, options)}
    tests = {
        True: [tuning_measurement(options)],
        False: final_measurements(options),
    }
    table = Table()
    for column in ("run", "state", "step", "of", "left"):
        table.add_column(column, no_wrap=True)
    done = 0
    for config in configs:
        state = _state(config)
        wanted = tests[config.run_dir in tuned]
        if state == "tested" and not _has(config, wanted):
            state = "trained"  # another test than the study's
        if state == "waiting" and bundle.holds(config, wanted):
            state = "in the bundle"
        done += state in ("tested", "in the bundle")
        table.add_row(
            bundle.name(config),
            state,
            f"{last_step(config):,}",
            f"{config.train_steps:,}",
            _time_left(config) if state == "running" else "",
        )
    table.caption = f"{done} of {len(configs)} runs are trained and tested"
    make_console().print(table)


def known_runs(shared: Config, options: StudyOptions) -> list[Config]:
    """All runs; of a tuned study the scored ones only after the tuning.

    Args:
        shared: options of all runs.
        options: of the study.
    """
    trials = tuning_trials(shared, options)
    configs = [trial.config for trial in trials]
    bundle = Bundle(options.study_dir)
    test = tuning_measurement(options)
    if all(
        test.is_complete(RunFolder(bundle.place(each)))
        or _state(each) == "failed"
        or has_failed(RunFolder(bundle.place(each)))
        for each in configs
    ):
        views = planned_views(shared, options, trials, bundle)
        scored = [config for view in views for config in view.configs]
        configs += {config.run_dir: config for config in scored}.values()
    return configs


def is_done(config: Config) -> bool:
    """Whether a run is trained and has a test."""
    return _state(config) == "tested"


def _has(config: Config, tests: Sequence[Measurement]) -> bool:
    run = RunFolder(config.run_dir)
    return all(test.is_complete(run) for test in tests)


def _state(config: Config) -> str:
    return state_of(RunFolder(config.run_dir), config.train_steps)


def last_step(config: Config) -> int:
    """Step of the run's last report; 0 before the first."""
    return last_record(RunFolder(config.run_dir)).get("step", 0)


def _time_left(config: Config) -> str:
    """Of the training, by the last report's speed."""
    record = last_record(RunFolder(config.run_dir))
    if not record.get("images_per_second"):
        return ""
    images = (config.train_steps - record["step"]) * config.batch_size
    return format_seconds(images / record["images_per_second"])

"""The state of a study's runs."""

from rich.table import Table

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import format_seconds, make_console
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import FINAL_TEST, RUNNING_TEST
from wn_gan.study.plan import tuning_trials
from wn_gan.study.single_run import has_ended, is_trained
from wn_gan.study.views import planned_views


def print_status(shared: Config, options: StudyOptions) -> None:
    """Prints a table of the runs, and how many are done.

    Args:
        shared: options of all runs.
        options: of the study.
    """
    configs = known_runs(shared, options)
    bundle = Bundle(options.study_dir)
    table = Table()
    for column in ("run", "state", "step", "of", "left"):
        table.add_column(column, no_wrap=True)
    done = 0
    for config in configs:
        folder = RunFolder(config.run_dir)
        state = state_of(config)
        done += is_done(config)
        table.add_row(
            bundle.name(config),
            state,
            f"{last_step(folder):,}",
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
    if all(has_ended(RunFolder(bundle.place(each)), each) for each in configs):
        views = planned_views(shared, options, trials, bundle)
        scored = [config for view in views for config in view.configs]
        configs += {config.run_dir: config for config in scored}.values()
    return configs


def is_done(config: Config) -> bool:
    """Whether a run is trained and has a test."""
    folder = RunFolder(config.run_dir)
    tests = [*folder.tests(FINAL_TEST), *folder.tests(RUNNING_TEST)]
    return is_trained(config) and bool(tests)


def state_of(config: Config) -> str:
    """Tested, trained, running, failed, stopped or waiting."""
    folder = RunFolder(config.run_dir)
    if folder.is_locked():
        return "running"
    if is_trained(config):
        return "tested" if is_done(config) else "trained"
    if FailureLog(folder.failures).pending:
        return "failed"
    return "stopped" if folder.config.exists() else "waiting"


def last_step(folder: RunFolder) -> int:
    """Step of the run's last report; 0 before the first."""
    records = _records(folder)
    return records[-1]["step"] if records else 0


def _records(folder: RunFolder) -> list[dict]:
    return read_metrics(folder.metrics) if folder.metrics.exists() else []


def _time_left(config: Config) -> str:
    """Of the training, by the last report's speed."""
    records = _records(RunFolder(config.run_dir))
    speed = records[-1].get("images_per_second") if records else None
    if not speed:
        return ""
    steps = config.train_steps - records[-1]["step"]
    return format_seconds(steps * config.batch_size / speed)

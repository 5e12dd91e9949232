"""The state of a study's runs."""

from rich.table import Table

from wn_gan.config import Config
from wn_gan.progress import make_console
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.study.study_run import is_trained


def print_status(configs: list[Config]) -> None:
    """Prints a table of the runs, and how many are done.

    Args:
        configs: of all runs of the study.
    """
    table = Table()
    for column in ("run", "state", "step", "of"):
        table.add_column(column, no_wrap=True)
    done = 0
    for config in configs:
        folder = RunFolder(config.run_dir)
        state = state_of(config)
        done += state == "tested"
        table.add_row(
            folder.path.name,
            state,
            f"{last_step(folder):,}",
            f"{config.train_steps:,}",
        )
    table.caption = f"{done} of {len(configs)} runs are trained and tested"
    make_console().print(table)


def state_of(config: Config) -> str:
    """Tested, trained, running, failed, stopped or waiting."""
    folder = RunFolder(config.run_dir)
    if folder.is_locked():
        return "running"
    if is_trained(config):
        return "tested" if folder.final_tests() else "trained"
    if FailureLog(folder.failures).pending:
        return "failed"
    return "stopped" if folder.config.exists() else "waiting"


def last_step(folder: RunFolder) -> int:
    """Step of the run's last report; 0 before the first."""
    if not folder.metrics.exists():
        return 0
    records = read_metrics(folder.metrics)
    return records[-1]["step"] if records else 0

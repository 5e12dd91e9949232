"""What a run is doing, from its folder alone."""

from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.metrics import read_metrics


def steps_done(run: RunFolder) -> int:
    """Steps of a run that has ended; else 0."""
    final = read_json(run.final)
    return final["step"] if final else 0


def has_failed(run: RunFolder) -> bool:
    """Whether its training failed, and was given up.

    A run that has neither failed nor ended was stopped, or never began.
    """
    return FailureLog(run.failures).pending is not None


def state_of(run: RunFolder, train_steps: int) -> str:
    """Running, tested, trained, failed, stopped or waiting.

    Args:
        run: its folder, or a place where it will be.
        train_steps: that are wanted.
    """
    if run.is_locked():
        return "running"
    if steps_done(run) >= train_steps:
        tested = run.tests("final_test") or run.tests("running_test")
        return "tested" if tested else "trained"
    if has_failed(run):
        return "failed"
    return "stopped" if run.config.exists() else "waiting"


def last_record(run: RunFolder) -> dict:
    """The run's last report; empty before the first."""
    records = read_metrics(run.metrics) if run.metrics.exists() else []
    return records[-1] if records else {}

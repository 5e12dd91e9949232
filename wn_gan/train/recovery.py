"""Recovery of a failed run: restart, or rollback to a good checkpoint."""

import shutil
from pathlib import Path

from wn_gan.config import Config
from wn_gan.files import replacing
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.failures import Failure, FailureLog
from wn_gan.runs.folder import RunFolder


def recover(config: Config, folder: RunFolder, failures: FailureLog) -> bool:
    """Applies `--on_failure` to the pending failure.

    Files of the failed attempt go to `failed/<number>`. If this is killed
    at any point, a second call completes it with the same result.

    Args:
        config: config of the run.
        folder: folder of the run, locked by the caller.
        failures: failures of the run; the last one is pending.

    Returns:
        Whether the run continues.
    """
    failure = failures.pending
    action = config.on_failure
    if action == "ignore" and not failure.fatal:
        failures.settle(action=action)
        return True
    if action not in ("restart", "rollback"):
        return False
    if failures.recoveries >= config.max_recoveries:
        return False
    checkpoints = Checkpoints(folder.checkpoints, config.keep_checkpoints)
    good = None
    if action == "rollback":
        good = checkpoints.good(failure.since_step)
    path, step = good or (None, 0)
    checkpoints.roll_back(path)
    _archive(folder, folder.failed / f"{failures.recoveries + 1}", step)
    failures.settle(
        action=action, resumed_from=step, **failures.next_attempt(config)
    )
    return True


def _archive(folder: RunFolder, target: Path, step: int) -> None:
    """Copies the attempt's metrics; moves its pictures after `step`."""
    target.mkdir(parents=True, exist_ok=True)
    # A kill before the first line leaves no metrics.
    if folder.metrics.exists():
        with replacing(target / folder.metrics.name) as partial:
            shutil.copyfile(folder.metrics, partial)
    for path in folder.pictures_after(step):
        kept = target / path.parent.name
        kept.mkdir(exist_ok=True)
        shutil.move(path, kept / path.name)


def explain(config: Config, failure: Failure, folder: RunFolder) -> str:
    """Explains why a run ended and which flags would continue it.

    Args:
        config: config of the run.
        failure: the pending failure.
        folder: folder of the run.
    """
    what = f"{folder.path}: failed at step {failure.step:,}: {failure.cause}"
    if config.on_failure in ("restart", "rollback"):
        return (
            f"{what}; it was recovered --max_recoveries="
            f"{config.max_recoveries} times already"
        )
    return (
        f"{what}; --on_failure=restart or --on_failure=rollback continues with "
        "another seed and a lower learning rate of D"
    )

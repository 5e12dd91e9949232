"""`failures.json`: the failures of a run and the actions taken."""

import dataclasses
import json
from pathlib import Path

from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.files import write_text
from wn_gan.runs.json_files import read_json

# Distance between the seeds of a run's attempts. It is large so that runs with
# neighbouring seeds do not share one.
SEED_STRIDE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure that the guard detected.

    Attributes:
        cause: description in one line.
        since_step: first step of the failure.
        step: step of its detection.
        fatal: whether training cannot continue from this state.
        action: "restart", "rollback" or "ignore"; None while the failure is
            pending.
        resumed_from: step at which the next attempt starts.
        seed: seed of the next attempt.
        d_learning_rate: discriminator's learning rate in the next attempt.
    """

    cause: str
    since_step: int
    step: int
    fatal: bool = False
    action: str | None = None
    resumed_from: int | None = None
    seed: int | None = None
    d_learning_rate: float | None = None

    def __str__(self) -> str:
        """The cause and the action."""
        if self.action is None:
            return self.cause
        if self.seed is None:
            return f"{self.cause} ({self.action})"
        return (
            f"{self.cause}; {self.action} at step {self.resumed_from:,} with "
            f"--seed={self.seed} --d_learning_rate={self.d_learning_rate:g}"
        )


class FailureLog:
    """The failures of a run, oldest first.

    Args:
        path: path of `failures.json`, which exists only after a failure.
    """

    def __init__(self, path: Path):
        """Reads the file if it exists."""
        self.path = path
        try:
            found = read_json(path, list) or []
            self.failures = [Failure(**each) for each in found]
        except TypeError as error:
            raise UserError(f"{path}: cannot be read: {error}") from error

    @property
    def pending(self) -> Failure | None:
        """The last failure if no action was taken yet, else None."""
        last = self.failures[-1] if self.failures else None
        return last if last and last.action is None else None

    @property
    def recoveries(self) -> int:
        """Number of restarts and rollbacks."""
        return sum(each.seed is not None for each in self.failures)

    def add(self, failure: Failure) -> None:
        """Records a failure."""
        self.failures.append(failure)
        self._write()

    def settle(self, **done: str | int | float) -> None:
        """Records the action on the last failure, as fields of `Failure`."""
        self.failures[-1] = dataclasses.replace(self.failures[-1], **done)
        self._write()

    def next_attempt(self, config: Config) -> dict[str, int | float]:
        """Seed and discriminator's learning rate of the next attempt.

        Args:
            config: the run's original config.
        """
        number = self.recoveries + 1
        rate = config.d_learning_rate * config.recovery_d_rate_factor**number
        return {
            "seed": config.seed + SEED_STRIDE * number,
            "d_learning_rate": rate,
        }

    def attempt(self, config: Config) -> Config:
        """The run's config with the changes of its last recovery."""
        for failure in reversed(self.failures):
            if failure.seed is not None:
                return dataclasses.replace(
                    config,
                    seed=failure.seed,
                    d_learning_rate=failure.d_learning_rate,
                )
        return config

    def _write(self) -> None:
        rows = [dataclasses.asdict(each) for each in self.failures]
        write_text(self.path, json.dumps(rows, indent=1) + "\n")

"""What went wrong in a run, and what was done about it: failures.json."""

import dataclasses
import json
from pathlib import Path

from wn_gan.config import Config
from wn_gan.files import write_text

# Between the seeds of a run's attempts; runs of neighbouring seeds stay apart.
SEED_STRIDE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure that the guard saw.

    Attributes:
        cause: what was seen, in a line.
        since_step: first step of it.
        step: at which it was seen.
        fatal: whether nothing can go on from there.
        action: "restart", "rollback", "ignore", or None as long as nothing
            has been done about it.
        resumed_from: step that the next attempt began at.
        seed: of the next attempt.
        d_learning_rate: likewise.
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
        """The cause, and what came of it."""
        if self.action is None:
            return self.cause
        if self.seed is None:
            return f"{self.cause} ({self.action})"
        return (
            f"{self.cause}; {self.action} at step {self.resumed_from:,} with "
            f"--seed={self.seed} --d_learning_rate={self.d_learning_rate:g}"
        )


class FailureLog:
    """The failures of a run, in their order.

    Args:
        path: of `failures.json`, which is there only after a failure.
    """

    def __init__(self, path: Path):
        """Reads what is there."""
        self.path = path
        found = json.loads(path.read_text()) if path.exists() else []
        self.failures = [Failure(**each) for each in found]

    @property
    def pending(self) -> Failure | None:
        """The last one, if nothing has been done about it yet."""
        last = self.failures[-1] if self.failures else None
        return last if last and last.action is None else None

    @property
    def recoveries(self) -> int:
        """How often the run was restarted or rolled back."""
        return sum(each.seed is not None for each in self.failures)

    def add(self, failure: Failure) -> None:
        """Records a failure."""
        self.failures.append(failure)
        self._write()

    def settle(self, **done: str | int | float) -> None:
        """Records what was done about the last one; fields of `Failure`."""
        self.failures[-1] = dataclasses.replace(self.failures[-1], **done)
        self._write()

    def next_attempt(self, config: Config) -> dict[str, int | float]:
        """The seed and D's rate of an attempt after the pending failure.

        Args:
            config: of the run.
        """
        number = self.recoveries + 1
        rate = config.d_learning_rate * config.recovery_d_rate_factor**number
        return {
            "seed": config.seed + SEED_STRIDE * number,
            "d_learning_rate": rate,
        }

    def attempt(self, config: Config) -> Config:
        """The run's config as its last recovery changed it."""
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

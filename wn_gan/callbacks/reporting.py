"""The numbers of a step: metrics.jsonl, TensorBoard, the terminal."""

import math
from typing import Any

from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action
from wn_gan.environment import memory_mib
from wn_gan.metrics import MetricsFile


class ReportMetrics(Action):
    """Writes the step's losses, what the record holds, and the speed.

    `images_per_second` is the mean since the last report, without the time
    of tests, grids and checkpoints.
    """

    on_failure = True

    def __init__(self, run: Run):
        """See `Action`."""
        super().__init__(run, run.config.log_every_steps)
        self.file = MetricsFile(run.folder.metrics)
        self._step, self._seconds = run.standing.step, 0.0

    def due(self, step: int) -> bool:
        """Also after a running test."""
        tested = step % self.run.config.test_every_steps == 0
        return super().due(step) or tested

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Writes the line."""
        run = self.run
        line = {"step": step}
        line |= {name: _number(value) for name, value in logs.items()}
        line["images_per_second"] = self._speed(step)
        line["memory_mib"] = memory_mib()
        if run.failures.recoveries:
            line["recoveries"] = run.failures.recoveries
        line |= record
        self.file.append(line)
        run.tensorboard.scalars(step, line)
        run.tensorboard.flush()
        shown = line | {"best_loss": run.standing.best_loss}
        run.progress.report(step, shown, run.stopwatch.wall_seconds())

    def _speed(self, step: int) -> float:
        seconds = self.run.stopwatch.training_seconds()
        images_done = (step - self._step) * self.run.config.batch_size
        speed = images_done / (seconds - self._seconds)
        self._step, self._seconds = step, seconds
        return speed


def _number(value: Any) -> float | None:
    """A float for JSON, which knows no NaN and no infinity."""
    number = float(value)
    return number if math.isfinite(number) else None

"""Reports a step in metrics.jsonl, TensorBoard and the terminal."""

import math
from typing import Any

from wn_gan.runs.environment import memory_mib
from wn_gan.runs.metrics import MetricsFile
from wn_gan.train.schedule import Record
from wn_gan.train.state import Run

_SHOWN = {
    "images_per_second": "{:.0f} images/s",
    "d_loss": "d_loss {:.3f}",
    "g_loss": "g_loss {:.3f}",
    "best_loss": "best reconstruction {:.4f}",
}


class Report:
    """Writes the step's losses, the actions' record, and the speed.

    `images_per_second` is the mean since the last report, without the time
    of tests, grids and checkpoints.

    Args:
        run: a run; this process is its chief.
    """

    def __init__(self, run: Run):
        self.run = run
        self.file = MetricsFile(run.folder.metrics)
        self._step, self._seconds = run.state.step, 0.0
        self._shown: dict[str, float] = {}

    def due(self, step: int) -> bool:
        """Whether a line is due after a step; always after a running test."""
        config = self.run.config
        every = (config.log_every_steps, config.test_every_steps)
        last = step == config.train_steps
        return last or any(step % n == 0 for n in every)

    def __call__(self, step: int, logs: dict[str, Any], record: Record) -> None:
        """Writes the line of a step."""
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
        self._shown |= line | {"best_loss": run.state.best_loss}
        run.progress.report(step, self._text())

    def _text(self) -> str:
        return "  ".join(
            form.format(self._shown[name])
            for name, form in _SHOWN.items()
            if self._shown.get(name) is not None
        )

    def _speed(self, step: int) -> float | None:
        seconds = self.run.stopwatch.training_seconds()
        images_done = (step - self._step) * self.run.config.batch_size
        elapsed = seconds - self._seconds
        self._step, self._seconds = step, seconds
        # The step of a line that was interrupted was an earlier process's.
        return images_done / elapsed if images_done else None


def _number(value: Any) -> float | None:
    """A float; None if not finite: JSON has no NaN."""
    number = float(value)
    return number if math.isfinite(number) else None

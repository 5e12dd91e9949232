"""The live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

_SHOWN = {
    "images_per_second": "{:.0f} images/s",
    "d_loss": "d_loss {:.3f}",
    "g_loss": "g_loss {:.3f}",
    "best_loss": "best reconstruction {:.4f}",
}


class TrainingProgress:
    """Shows where a training run is; a context manager.

    On a terminal one line that is redrawn: step of total, percent, time
    left, images/s, losses, the best reconstruction loss. Elsewhere a line a
    report.

    Args:
        first_step: where the run begins or goes on.
        last_step: where it ends.
    """

    def __init__(self, first_step: int, last_step: int):
        """See the class."""
        self.first_step = first_step
        self.last_step = last_step
        self._values: dict[str, float] = {}
        self._console = Console(highlight=False, soft_wrap=True)
        self._live = self._console.is_terminal
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("left  {task.description}"),
            console=self._console,
            speed_estimate_period=300,
            disable=not self._live,
        )
        self._task = self._bar.add_task(
            "", total=last_step, completed=first_step
        )

    def __enter__(self) -> "TrainingProgress":
        """Starts drawing."""
        self._bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Leaves the last line standing."""
        self._bar.stop()

    def message(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, markup=False)

    def step(self, step: int) -> None:
        """Moves the live line on."""
        self._bar.update(self._task, completed=step)

    def report(
        self, step: int, values: Mapping[str, float], seconds: float
    ) -> None:
        """Shows new numbers.

        Args:
            step: that they belong to.
            values: those named in the live line are shown.
            seconds: since the run began or was resumed.
        """
        self._values |= values
        text = "  ".join(
            form.format(self._values[name])
            for name, form in _SHOWN.items()
            if self._values.get(name) is not None
        )
        if self._live:
            self._bar.update(self._task, completed=step, description=text)
            return
        done = (step - self.first_step) or 1
        left = seconds / done * (self.last_step - step)
        self.message(
            f"step {step:,}/{self.last_step:,} "
            f"{step / self.last_step:4.0%}  {text}  "
            f"{format_seconds(left)} left"
        )


def format_seconds(seconds: float) -> str:
    """1:02:03 or 2:03, rounded to whole seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minute:02}:{second:02}"
    return f"{minute}:{second:02}"


class ImageProgress:
    """Images done and time left of a test; a context manager.

    A redrawn line on a terminal, elsewhere a line every tenth.

    Args:
        total: images to be done.
        shown: whether to show anything.
    """

    def __init__(self, total: int, shown: bool = True):
        """See the class."""
        self.total = total
        self._done = 0
        self._told = 0
        self._start = time.perf_counter()
        self._console = Console(
            highlight=False, soft_wrap=True, quiet=not shown
        )
        self._bar = Progress(
            TextColumn("images"),
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> "ImageProgress":
        """Starts drawing."""
        self._bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Leaves the last line standing."""
        self._bar.stop()

    def advance(self, images: int) -> None:
        """So many images more are done."""
        self._done += images
        self._bar.update(self._task, completed=self._done)
        tenth = 10 * self._done // self.total
        if not self._console.is_terminal and tenth > self._told:
            self._told = tenth
            seconds = time.perf_counter() - self._start
            left = seconds / self._done * (self.total - self._done)
            self._console.print(
                f"images {self._done:,}/{self.total:,}  "
                f"{format_seconds(left)} left",
                markup=False,
            )

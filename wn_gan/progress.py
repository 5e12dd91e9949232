"""Progress display: a live line on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import ProgressColumn, Task
from rich.text import Text

_TENTHS = 10
_FILE_COLUMNS = 240


def make_console(shown: bool = True) -> Console:
    """Returns the console for all output, without markup or wrapping."""
    console = Console(
        highlight=False,
        soft_wrap=True,
        markup=False,
        quiet=not shown,
        # A variable such as FORCE_COLOR makes no terminal of a pipe.
        force_terminal=None if sys.stdout.isatty() else False,
    )
    if not console.is_terminal:
        console.width = _FILE_COLUMNS  # tables in files are never cut
    return console


def say(text: str) -> None:
    """Prints one or more lines."""
    make_console().print(text)


class Progress:
    """Context manager that shows the units done and the time left.

    On a terminal it redraws one line. Elsewhere it prints one line per
    `report`, and one per tenth of the total that `advance` reaches.

    Args:
        total: total number of units.
        unit: name of a unit, e.g. "step" or "images".
        done: units already done.
        shown: False for no output at all.
    """

    def __init__(
        self, total: int, unit: str, done: int = 0, shown: bool = True
    ):
        self.total = total
        self.unit = unit
        self.done = done
        self._first = done
        self._tenth = 0
        self._start = time.perf_counter()
        self._console = make_console(shown)
        self._live = shown and self._console.is_terminal
        self._bar = Bar(
            _Line(unit, self._console.width),
            console=self._console,
            speed_estimate_period=300,
            disable=not self._live,
        )
        self._task = self._bar.add_task("", total=total, completed=done)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.stop()

    @property
    def task(self) -> Task:
        """The rich task of the live line."""
        return self._bar.tasks[0]

    def message(self, text: str) -> None:
        """Prints a line above the live one."""
        self._console.print(text)

    def move_to(self, done: int) -> None:
        """Sets the units done; prints nothing outside a terminal."""
        self.done = done
        self._bar.update(self._task, completed=done)

    def advance(self, units: int) -> None:
        """Adds to the units done."""
        self.move_to(self.done + units)
        tenth = _TENTHS * self.done // max(self.total, 1)
        if not self._live and tenth > self._tenth:
            self._tenth = tenth
            self._print_line("")

    def report(self, done: int, text: str) -> None:
        """Shows new values.

        Args:
            done: units done.
            text: shown in the line until the next report.
        """
        self.redraw(done, text)
        if not self._live:
            self._print_line(text)

    def redraw(self, done: int, text: str) -> None:
        """Shows new values; prints nothing outside a terminal.

        Args:
            done: units done.
            text: shown in the line.
        """
        self.move_to(done)
        self._bar.update(self._task, description=text)

    def _print_line(self, text: str) -> None:
        seconds = time.perf_counter() - self._start
        newly_done = max(self.done - self._first, 1)
        left = seconds / newly_done * (self.total - self.done)
        share = self.done / max(self.total, 1)
        parts = [
            f"{self.unit} {self.done:,}/{self.total:,} {share:4.0%}",
            text,
            f"{format_seconds(left)} left",
        ]
        self.message("  ".join(part for part in parts if part))


class _Line(ProgressColumn):
    """Units done and time left, then a text that is cut where there is no room.

    Args:
        unit: name of a unit.
        width: columns of the terminal.
    """

    def __init__(self, unit: str, width: int):
        super().__init__()
        self._unit, self._width = unit, width

    def render(self, task: Task) -> Text:
        """The line of a task."""
        left = "-:--:--"
        if task.time_remaining is not None:
            left = format_seconds(task.time_remaining)
        parts = [
            f"{self._unit} {task.completed:,.0f}/{task.total:,.0f}",
            f"{task.percentage:.0f}%",
            f"{left} left",
            task.description,
        ]
        line = Text("  ".join(parts), no_wrap=True)
        line.truncate(self._width, overflow="ellipsis")
        return line


def format_seconds(seconds: float) -> str:
    """Formats a duration as 1:02:03 or 2:03, rounded to seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minute:02}:{second:02}"
    return f"{minute}:{second:02}"

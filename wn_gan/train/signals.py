"""Ctrl-C and SIGTERM: finish the step, save, end cleanly."""

import signal
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While entered, the first Ctrl-C or SIGTERM only asks to stop.

    A second one acts as ever. Must be entered in the main thread.

    Attributes:
        signal: the signal that came, or None.
    """

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self.signal: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        """Takes over the two signals."""
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: Any) -> None:
        """Gives them back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: Any) -> None:
        self.signal = signal.Signals(number)
        for each, handler in self._handlers.items():
            signal.signal(each, handler)

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    @property
    def name(self) -> str:
        """Of the signal that ends the run; SIGTERM where another got it."""
        return (self.signal or signal.SIGTERM).name

    @property
    def exit_status(self) -> int:
        """128 + the signal's number, as shells count."""
        return 128 + (self.signal or signal.SIGTERM)

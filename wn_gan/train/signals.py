"""Clean stop on Ctrl-C and SIGTERM: finish the step, then save."""

import signal
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Context manager: the first Ctrl-C or SIGTERM only requests a stop.

    A second signal has its default effect. Enter it in the main thread.

    Attributes:
        signal: the received signal, or None.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: Any) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: Any) -> None:
        self.signal = signal.Signals(number)
        for each, handler in self._handlers.items():
            signal.signal(each, handler)

    @property
    def asked(self) -> bool:
        """Whether a signal was received."""
        return self.signal is not None

    @property
    def name(self) -> str:
        """Name of the signal; SIGTERM if another worker received it."""
        return (self.signal or signal.SIGTERM).name

    @property
    def exit_status(self) -> int:
        """128 + the signal's number, as in shells."""
        return 128 + (self.signal or signal.SIGTERM)

"""Runs a verb in a process of its own, which ends with this one."""

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 1.0


def run_verb(
    verb: str,
    *arguments: str,
    log: Path | None = None,
    watch: Callable[[], None] = lambda: None,
) -> int:
    """Runs `python -m wn_gan.<verb>`.

    Args:
        verb: its name.
        *arguments: its flags.
        log: file that its output is added to; None to show it.
        watch: called once a second.

    Returns:
        The exit status.

    Raises:
        KeyboardInterrupt: if a signal stopped the process.
    """
    command = [sys.executable, "-m", f"wn_gan.{verb}", *arguments]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") if log else contextlib.nullcontext() as output:
        status = _wait(
            subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_parent,
            ),
            watch,
        )
    stopped = (signal.SIGINT, signal.SIGTERM)
    # A process that a signal ends before it can handle it has -number.
    if status in [code for n in stopped for code in (-n, 128 + n)]:
        raise KeyboardInterrupt
    return status


def _wait(child: subprocess.Popen, watch: Callable[[], None]) -> int:
    """Waits for the end; if interrupted, lets the child save and end."""
    try:
        while True:
            try:
                return child.wait(_SECONDS_BETWEEN_LOOKS)
            except subprocess.TimeoutExpired:
                watch()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def _end_with_parent() -> None:
    """On Linux, sends this process SIGTERM when its parent dies."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)

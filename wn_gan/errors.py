"""The error for everything that the person at the keyboard can mend."""

import difflib
from collections.abc import Iterable
from typing import Any


class UserError(Exception):
    """Bad input: shown as one line, without a traceback, exit status 2."""


class TrainingFailed(Exception):
    """A run that the guard ended: shown as one line, exit status 3."""

    exit_status = 3


class WorkerLost(Exception):
    """Another machine of the run is gone: one line, exit status 4."""

    exit_status = 4


class VerificationFailed(Exception):
    """An exported model is not the one it was made from: exit status 5."""

    exit_status = 5


def bad_flag(flag: str, value: Any, expected: str) -> UserError:
    """The error for a flag's value: names the flag, the value, what is right.

    Args:
        flag: name of the flag, without dashes.
        value: what the user gave.
        expected: what would be right, as a clause.
    """
    return UserError(f"--{flag}={value}: {expected}")


def nearest(word: str, words: Iterable[str]) -> str:
    """The words most like `word`, as a comma-separated list ("" if none)."""
    return ", ".join(difflib.get_close_matches(word, list(words), cutoff=0.4))

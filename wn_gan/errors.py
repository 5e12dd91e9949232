"""Errors that end a verb with one line and an exit status."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class UserError(Exception):
    """Bad input: shown as one line, without a traceback, exit status 2."""


class TrainingFailed(Exception):
    """The guard stopped a failing run: one line, exit status 3."""

    exit_status = 3


class WorkerLost(Exception):
    """Another machine of the run is gone: one line, exit status 4."""

    exit_status = 4


class VerificationFailed(Exception):
    """An exported model differs from its checkpoint: exit status 5."""

    exit_status = 5


def bad_flag(flag: str, value: Any, expected: str) -> UserError:
    """Returns the error for an invalid value of a flag.

    Args:
        flag: name of the flag, without dashes.
        value: what the user gave.
        expected: the rule that the value breaks, as a clause.
    """
    return UserError(f"--{flag}={value}: {expected}")


def nearest(word: str, words: Iterable[str]) -> str:
    """Returns the words most like `word`, comma-separated ("" if none)."""
    return ", ".join(difflib.get_close_matches(word, list(words), cutoff=0.4))


def did_you_mean(
    word: Any, words: Iterable[Any], aliases: Mapping[str, str] | None = None
) -> str:
    """Returns a suggestion for a wrong word as a clause, "" if there is none.

    Args:
        word: what the user gave.
        words: the right ones.
        aliases: other words for some of them, in lower case.
    """
    plain = str(word).lower()
    known = {str(each).lower(): str(each) for each in words}
    found = (aliases or {}).get(plain)
    if found is None:
        found = next(iter(difflib.get_close_matches(plain, known)), None)
        found = known.get(found)
    return f"; did you mean {found}?" if found else ""

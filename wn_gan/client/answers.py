"""Errors for answers of a server, in one line each."""

from typing import Any

from wn_gan.config import ServerOptions
from wn_gan.errors import UserError, bad_flag

_LONGEST = 400


def unusable(server: ServerOptions, told: object) -> UserError:
    """Returns the error for a server without a usable answer.

    Args:
        server: the server.
        told: the reason; of any length and with any characters.
    """
    return bad_flag("address", server.address, _one_line(told))


def unknown_model(server: ServerOptions, told: object) -> UserError:
    """Returns the error for a server without this model; see `unusable`."""
    return bad_flag("model", server.model, _one_line(told))


def rejected(server: ServerOptions, told: object) -> UserError:
    """Returns the error for a rejected input; see `unusable`."""
    return UserError(f"{server.model}: {_one_line(told)}")


def part_of(server: ServerOptions, answer: Any, *keys: str) -> Any:
    """Returns the part of an answer below nested keys.

    Args:
        server: the server.
        answer: the decoded JSON.
        keys: from the outermost to the innermost.

    Raises:
        UserError: if there is no such part; names the first missing key.
    """
    for key in keys:
        if not isinstance(answer, dict) or key not in answer:
            raise unusable(server, f"the answer has no {key!r}")
        answer = answer[key]
    return answer


def _one_line(told: object) -> str:
    """Replaces line breaks and control characters; cuts long texts."""
    text = "".join(c if c.isprintable() else " " for c in str(told))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

"""An option: its default, unit and check, stated once."""

import dataclasses
import math
from typing import Any

from wn_gan.errors import bad_flag


def option(
    default: Any,
    text: str,
    choices: tuple[str, ...] | tuple[int, ...] = (),
    minimum: float | None = None,
    may_change: bool = False,
) -> Any:
    """A field of one of the groups of `Config`.

    Args:
        default: the value where none is given.
        text: what the option does, with its unit.
        choices: the allowed values, if they are few.
        minimum: the least allowed number.
        may_change: whether a started run may go on with another value
            without another result.
    """
    metadata = {
        "help": text,
        "choices": choices,
        "minimum": minimum,
        "may_change": may_change,
    }
    return dataclasses.field(default=default, metadata=metadata)


def check_value(field: dataclasses.Field, value: Any) -> None:
    """Raises `UserError` for a value that cannot be right by itself."""
    choices, minimum = field.metadata["choices"], field.metadata["minimum"]
    if value is None:
        return
    if choices and value not in choices:
        raise bad_flag(
            field.name, value, f"must be one of {', '.join(map(str, choices))}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise bad_flag(field.name, value, "must be a finite number")
    if minimum is not None and value < minimum:
        raise bad_flag(field.name, value, f"must be at least {minimum}")

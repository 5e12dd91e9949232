"""Definition and checks of options."""

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from wn_gan.errors import UserError, bad_flag, did_you_mean

# NumPy's `RandomState` and Keras' `set_random_seed` take no larger seed.
LARGEST_SEED = 2**32 - 1


def option(
    default: Any,
    text: str,
    choices: Sequence[str] | Sequence[int] = (),
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    may_change: bool = False,
    positional: bool = False,
    repeated: bool = False,
    required: bool = False,
    off: Any = None,
    aliases: Mapping[str, str] | None = None,
) -> Any:
    """Returns the dataclass field of an option.

    Args:
        default: value if none is given.
        text: help text, with the unit.
        choices: allowed values (of each element of a tuple); empty if not
            limited to a list.
        minimum: least allowed number (of each element of a tuple).
        above: exclusive lower bound (of each element of a tuple).
        maximum: largest allowed number (of each element of a tuple).
        may_change: whether a resumed run may change the value, because it
            does not alter the result.
        positional: whether it takes the arguments that are not flags.
        repeated: whether the flag is given once per element of the tuple, so
            that an element may hold commas.
        required: whether the verb needs it; for the help text.
        off: the value that turns it off, shown as "off" in the help text.
        aliases: other words for choices, to be suggested.
    """
    metadata = {
        "help": text,
        "choices": tuple(choices),
        "minimum": minimum,
        "above": above,
        "maximum": maximum,
        "may_change": may_change,
        "positional": positional,
        "repeated": repeated,
        "required": required,
        "off": off,
        "aliases": dict(aliases or {}),
    }
    return dataclasses.field(default=default, metadata=metadata)


def value_type(field: dataclasses.Field) -> type:
    """Returns the element type: `int` for int, `int | None` or int tuples."""
    kind = field.type
    types = [t for t in typing.get_args(kind) if t is not type(None)]
    if types and not is_tuple(field):
        return types[0]
    if not types:
        return kind
    while typing.get_origin(kind) is not tuple:
        kind = typing.get_args(kind)[0]
    return typing.get_args(kind)[0]


def is_tuple(field: dataclasses.Field) -> bool:
    """Whether the field takes a tuple."""
    return "tuple[" in str(field.type)


def check_values(options: Any) -> None:
    """Checks each option on its own.

    Args:
        options: a dataclass with fields made by `option`.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value is None:
            continue
        if is_tuple(field) and not isinstance(value, tuple):
            raise bad_flag(field.name, value, f"must be a tuple: ({value},)")
        for element in value if is_tuple(field) else (value,):
            _check(field, element)


def require(options: Any, *names: str, what: str = "") -> None:
    """Checks that required options are given.

    Args:
        options: a dataclass.
        names: of the required fields.
        what: advice for the message, as a clause.

    Raises:
        UserError: if an option is None; names the first.
    """
    for name in names:
        if getattr(options, name) is None:
            raise UserError(
                f"--{name}: missing" + (f"; {what}" if what else "")
            )


def _check(field: dataclasses.Field, value: Any) -> None:
    rules = field.metadata
    if rules["choices"] and value not in rules["choices"]:
        names = ", ".join(map(str, rules["choices"]))
        hint = did_you_mean(value, rules["choices"], rules["aliases"])
        raise bad_flag(field.name, value, f"must be one of {names}{hint}")
    if isinstance(value, float) and not math.isfinite(value):
        raise bad_flag(field.name, value, "must be a finite number")
    if rules["minimum"] is not None and value < rules["minimum"]:
        raise bad_flag(
            field.name, value, f"must be at least {rules['minimum']}"
        )
    if rules["above"] is not None and not value > rules["above"]:
        raise bad_flag(field.name, value, f"must be above {rules['above']}")
    if rules["maximum"] is not None and value > rules["maximum"]:
        raise bad_flag(field.name, value, f"must be at most {rules['maximum']}")

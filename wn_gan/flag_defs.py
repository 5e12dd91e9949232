"""Flags <-> options; besides the verbs the only user of absl.

Every option of `Config` and of `TestOptions` is a flag of the same name,
default and help text.
"""

import dataclasses
import typing
from collections.abc import Sequence
from typing import TypeVar

from absl import flags

from wn_gan.config import Config, TestOptions
from wn_gan.errors import UserError, nearest

Options = TypeVar("Options", Config, TestOptions)

_DEFINERS = {
    bool: flags.DEFINE_bool,
    float: flags.DEFINE_float,
    int: flags.DEFINE_integer,
    str: flags.DEFINE_string,
}


def define_options(
    kind: type, flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Defines a flag for every option of `Config` or `TestOptions`."""
    for field in dataclasses.fields(kind):
        choices = field.metadata["choices"]
        text = field.metadata["help"]
        if choices:
            text += f" One of {', '.join(map(str, choices))}."
        define = _DEFINERS[_plain_type(field)]
        define(field.name, field.default, text, flag_values=flag_values)
        flags.declare_key_flag(field.name, flag_values=flag_values)


def _plain_type(field: dataclasses.Field) -> type:
    """`int` for a field annotated `int` or `int | None`."""
    types = [t for t in typing.get_args(field.type) if t is not type(None)]
    return types[0] if types else field.type


def parse(
    argv: Sequence[str],
    flag_values: flags.FlagValues = flags.FLAGS,
    positional: bool = False,
) -> list[str]:
    """Parses a command line, flag files included.

    Args:
        argv: the command and its arguments.
        flag_values: where the flags are defined.
        positional: whether arguments that are no flags may be there.

    Returns:
        Those arguments.

    Raises:
        UserError: for an unknown flag (with the nearest names), a value of
            the wrong kind, a missing flag file or a stray argument.
    """
    try:
        stray = flag_values(argv)[1:]
    except flags.UnrecognizedFlagError as error:
        hint = nearest(error.flagname, list(flag_values))
        raise UserError(
            f"--{error.flagname}: unknown flag"
            + (f"; the nearest are {hint}" if hint else "")
        ) from None
    except flags.Error as error:
        # absl writes "flag --name=value: ..." or "ERROR:: ..."
        text = " ".join(str(error).split())
        text = text.removeprefix("flag ").removeprefix("ERROR:: ")
        raise UserError(text) from None
    if stray and not positional:
        raise UserError(
            f"{stray[0]!r}: stray argument; every option is --name=value "
            "(in a flag file: one a line, comments on lines of their own, "
            "starting with # in the first column)"
        )
    return stray


def options_from_flags(
    kind: type[Options], flag_values: flags.FlagValues = flags.FLAGS
) -> Options:
    """The `Config` or `TestOptions` that the parsed flags say.

    Raises:
        UserError: for a value that cannot be right.
    """
    return kind(
        **{
            field.name: flag_values[field.name].value
            for field in dataclasses.fields(kind)
        }
    )


def to_flag_file(config: Config) -> str:
    """A flag file's text that gives this config again; unset options out."""
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, bool):
            value = str(value).lower()
        if value is not None:
            lines.append(f"--{field.name}={value}\n")
    return "".join(lines)


def from_flag_file(text: str) -> Config:
    """The config of a flag file's text, e.g. a run's `config.cfg`.

    Raises:
        UserError: as `parse` and `options_from_flags`.
    """
    flag_values = flags.FlagValues()
    define_options(Config, flag_values)
    lines = (line.strip() for line in text.splitlines())
    parse(
        ["", *(line for line in lines if line and not line.startswith("#"))],
        flag_values,
    )
    return options_from_flags(Config, flag_values)

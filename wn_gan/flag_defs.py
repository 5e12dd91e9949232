"""Conversion between absl flags and options.

Every option of a class in `wn_gan.config` is a flag with the same name,
default and help text.
"""

import dataclasses
import os
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from absl import flags

from wn_gan.config import Config
from wn_gan.config.option import is_tuple, value_type
from wn_gan.errors import UserError, bad_flag, nearest

Options = TypeVar("Options")

_DEFINERS = {
    bool: flags.DEFINE_bool,
    float: flags.DEFINE_float,
    int: flags.DEFINE_integer,
    str: flags.DEFINE_string,
}

_WORDS_OF_BOOL = ("false", "true")


def _define_bool_or_word(
    name: str, default: str, text: str, flag_values: flags.FlagValues
) -> None:
    """Defines a flag of words; `--name` and `--noname` mean true and false."""
    flag = flags.Flag(
        flags.ArgumentParser(),
        flags.ArgumentSerializer(),
        name,
        default,
        text,
        boolean=True,
    )
    flags.DEFINE_flag(flag, flag_values=flag_values)


def define_options(kind: type, flag_values: flags.FlagValues) -> None:
    """Defines a flag for every option that is not positional.

    Args:
        kind: a class of options.
        flag_values: receives the flags.
    """
    for field in dataclasses.fields(kind):
        if field.metadata["positional"]:
            continue
        choices = field.metadata["choices"]
        text = field.metadata["help"]
        if choices:
            text += f" One of {', '.join(map(str, choices))}."
        default, define = field.default, _DEFINERS[value_type(field)]
        if is_tuple(field):
            default = None if default is None else list(map(str, default))
            define = flags.DEFINE_list
            if field.metadata["repeated"]:
                define = flags.DEFINE_multi_string
        if set(_WORDS_OF_BOOL) <= set(choices):
            define = _define_bool_or_word
        define(field.name, default, text, flag_values=flag_values)
        flags.declare_key_flag(field.name, flag_values=flag_values)


def parse(
    argv: Sequence[str],
    flag_values: flags.FlagValues,
    positional: bool = False,
) -> tuple[str, ...]:
    """Parses a command line, flag files included.

    Args:
        argv: the command and its arguments.
        flag_values: where the flags are defined.
        positional: whether arguments that are not flags are allowed.

    Returns:
        The arguments that are not flags.

    Raises:
        UserError: for an unknown flag (with the nearest names), a value of
            the wrong type, a missing flag file or a stray argument.
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
            "(in a flag file: one per line, comments on lines of their own, "
            "starting with # in the first column)"
        )
    return tuple(stray)


def is_positional(kind: type) -> bool:
    """Whether a class of options takes arguments that are not flags."""
    return any(f.metadata["positional"] for f in dataclasses.fields(kind))


def options_from_flags(
    kind: type[Options],
    flag_values: flags.FlagValues,
    stray: Sequence[str] = (),
) -> Options:
    """Builds an object of options from parsed flags.

    Args:
        kind: a class of options.
        flag_values: the parsed flags.
        stray: arguments that are not flags, for the positional option.

    Raises:
        UserError: for an invalid value.
    """
    values = {
        field.name: tuple(stray)
        if field.metadata["positional"]
        else _plain(field, flag_values[field.name].value)
        for field in dataclasses.fields(kind)
    }
    return kind(**values)


def _plain(field: dataclasses.Field, value: Any) -> Any:
    """Converts a flag's value to its option's type: lists to tuples."""
    if value is None or not is_tuple(field):
        return _expanded(value)
    if value_type(field) is str:
        return tuple(map(_expanded, value))
    try:
        return tuple(int(word) for word in value)
    except ValueError:
        raise bad_flag(
            field.name, ",".join(value), "must be whole numbers, e.g. 64,128"
        ) from None


def _expanded(value: Any) -> Any:
    """A path without ~, also behind `folder:` and its like."""
    if not isinstance(value, str):
        return value
    kind, path = re.match(r"((?:folder:|zip:|npz:)?)(.*)", value, re.S).groups()
    return kind + os.path.expanduser(path) if path[:1] == "~" else value


def to_flag_file(options: Any) -> str:
    """Returns options as text of a flag file, without unset ones.

    Args:
        options: an object of a class of options, e.g. a `Config`.
    """
    lines = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, bool):
            value = str(value).lower()
        several = value if field.metadata["repeated"] else (value,)
        for each in several:
            if isinstance(each, tuple):
                each = ",".join(map(str, each))
            if each is not None:
                lines.append(f"--{field.name}={each}\n")
    return "".join(lines)


def parsed_value(kind: type, name: str, text: str) -> Any:
    """Parses one option's text as its flag does, without further checks.

    Args:
        kind: a class of options.
        name: of one of them.
        text: its value.

    Raises:
        UserError: for a value of the wrong type; the message names the flag.
    """
    flag_values = flags.FlagValues()
    define_options(kind, flag_values)
    parse(["", f"--{name}={text}"], flag_values)
    (field,) = (f for f in dataclasses.fields(kind) if f.name == name)
    return _plain(field, flag_values[name].value)


def from_flag_file(text: str) -> Config:
    """Parses the text of a flag file, e.g. of a run's `config.cfg`.

    Raises:
        UserError: as `parse` and `options_from_flags`.
    """
    flag_values = flags.FlagValues()
    define_options(Config, flag_values)
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        if re.match("--?flagfile", line):  # absl would open the file
            raise UserError(f"{line}: a run's options are in one file")
    parse(["", *lines], flag_values)
    return options_from_flags(Config, flag_values)

"""The cells of a study's grid: every combination of the varied options."""

import dataclasses
import itertools
import re
from typing import Any

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import bad_flag, nearest
from wn_gan.flag_defs import parsed_value


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of values.

    Attributes:
        values: value by option.
        name: for a folder's name, e.g. "weight" or "weight_features=32-64".
    """

    values: dict[str, Any]
    name: str


def cells(options: StudyOptions) -> list[Cell]:
    """Returns the product of `--norms` and all `--vary`, the baseline first.

    Args:
        options: of the study.

    Raises:
        UserError: for an option that cannot be varied, or a bad value.
    """
    varied = dict(_parsed(text) for text in options.vary)
    if len(varied) < len(options.vary):
        raise bad_flag("vary", " ".join(options.vary), "names an option twice")
    if "norm" not in varied:
        varied = {"norm": list(options.norms)} | varied
    found = []
    for values in itertools.product(*varied.values()):
        cell = dict(zip(varied, values, strict=True))
        found.append(Cell(cell, _name(cell)))
    return found


def _parsed(text: str) -> tuple[str, list[Any]]:
    """Parses option=a|b|c."""
    name, _, values = text.partition("=")
    fields = {field.name: field for field in dataclasses.fields(Config)}
    if name not in fields or not values:
        hint = nearest(name, list(fields))
        raise bad_flag(
            "vary",
            text,
            "must be option=value|value|..., with an option of a run"
            + (f"; the nearest are {hint}" if hint else ""),
        )
    if name == "seed":
        raise bad_flag("vary", text, "seeds are not varied: give --seeds")
    if fields[name].metadata["may_change"] and name != "train_steps":
        raise bad_flag("vary", text, f"--{name} does not change a run's result")
    found = [parsed_value(Config, name, each) for each in values.split("|")]
    if len({str(value) for value in found}) < len(found):
        raise bad_flag("vary", text, "names a value twice")
    return name, found


def _name(values: dict[str, Any]) -> str:
    words = [
        str(value) if name == "norm" else f"{name}={_word(value)}"
        for name, value in values.items()
    ]
    return "_".join(words)


def _word(value: Any) -> str:
    if isinstance(value, tuple):
        value = "-".join(map(str, value))
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", str(value))

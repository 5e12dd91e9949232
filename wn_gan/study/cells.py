"""The cells of a study's grid, and the candidates that each is tuned over."""

import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import Any

from wn_gan.config import Config, DataOptions, StudyOptions
from wn_gan.errors import bad_flag, nearest
from wn_gan.flag_defs import parsed_value

# Words that stand for several options of a run.
ALIASES = {"learning_rate": ("g_learning_rate", "d_learning_rate")}

# What the images of a test depend on.
_OF_THE_IMAGES = frozenset(
    field.name for field in dataclasses.fields(DataOptions)
) - {"random_crop", "horizontal_flip"}


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
    axes = _axes("vary", options.vary)
    if "norm" not in axes:
        axes = {"norm": list(options.norms)} | axes
    return _product(axes)


def candidates(options: StudyOptions) -> list[Cell]:
    """Returns what each cell is tuned over; empty if nothing is tuned.

    Args:
        options: of the study.

    Raises:
        UserError: for an option that cannot be tuned, or a bad value.
    """
    axes = _axes("tune", options.tune)
    varied = {"norm", *_options(_axes("vary", options.vary))}
    for name in set(_options(axes)) & varied:
        raise bad_flag(
            "tune", " ".join(options.tune), f"--{name} is varied already"
        )
    if "train_steps" in axes and options.tune_steps:
        raise bad_flag("tune_steps", options.tune_steps, "the steps are tuned")
    return _product(axes) if axes else []


def _axes(flag: str, texts: Sequence[str]) -> dict[str, list[Any]]:
    """Values by option, or by alias."""
    axes = dict(_parsed(flag, text) for text in texts)
    names = _options(axes)
    if len(axes) < len(texts) or len(set(names)) < len(names):
        raise bad_flag(flag, " ".join(texts), "names an option twice")
    return axes


def _options(axes: dict[str, list[Any]]) -> list[str]:
    """The options of a run that axes set."""
    return [name for axis in axes for name in ALIASES.get(axis, (axis,))]


def _product(axes: dict[str, list[Any]]) -> list[Cell]:
    found = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        options = {
            name: value
            for axis, value in chosen.items()
            for name in _options({axis: []})
        }
        found.append(Cell(options, _name(chosen)))
    return found


def _parsed(flag: str, text: str) -> tuple[str, list[Any]]:
    """Parses option=a|b|c."""
    axis, _, values = text.partition("=")
    name = ALIASES.get(axis, (axis,))[0]
    fields = {field.name: field for field in dataclasses.fields(Config)}
    if name not in fields or not values:
        hint = nearest(axis, [*fields, *ALIASES])
        raise bad_flag(
            flag,
            text,
            "must be option=value|value|..., with an option of a run"
            + (f"; the nearest are {hint}" if hint else ""),
        )
    if name == "seed":
        raise bad_flag(flag, text, "seeds are not varied: give --seeds")
    if fields[name].metadata["may_change"] and name != "train_steps":
        raise bad_flag(flag, text, f"--{name} does not change a run's result")
    if name in _OF_THE_IMAGES:
        raise bad_flag(
            flag,
            text,
            f"runs of another --{name} have other test images, so they cannot "
            "be compared: make a study of each",
        )
    found = [parsed_value(Config, name, each) for each in values.split("|")]
    if len({_word(value) for value in found}) < len(found):
        raise bad_flag(flag, text, "names a value twice")
    return axis, found


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

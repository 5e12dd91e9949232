"""The help text of a verb: flags in groups, as a person would write them."""

import dataclasses
import textwrap
from collections.abc import Iterator, Sequence

from wn_gan.config import (
    DataOptions,
    DeviceOptions,
    FailureOptions,
    FeatureOptions,
    LaunchOptions,
    NetworkOptions,
    RunOptions,
    SearchOptions,
    TrainingOptions,
    TuningOptions,
)
from wn_gan.config.option import is_tuple

_WIDTH, _INDENT = 80, 6
_FIRST = "First"
_TITLES = {
    DataOptions: "Data",
    NetworkOptions: "Networks",
    TrainingOptions: "Training",
    RunOptions: "Output",
    FailureOptions: "Failures",
    DeviceOptions: "Devices",
    LaunchOptions: "Resuming",
    FeatureOptions: "Feature-space measures",
    SearchOptions: "Code search",
    TuningOptions: "Tuning",
}
_OTHER = "Options"


def help_text(
    doc: str,
    kinds: Sequence[type],
    first: Sequence[str],
    shown: Sequence[type],
) -> str:
    """Returns what `--help` prints.

    Args:
        doc: what the verb does; its first line names it.
        kinds: classes of all options that the verb takes.
        first: names of the options that people need first.
        shown: classes whose options are shown; the others are those of a run.
    """
    fields = {f.name: f for kind in kinds for f in dataclasses.fields(kind)}
    groups = {_FIRST: [_flag(fields[name]) for name in first]}
    for kind in shown:
        for field in dataclasses.fields(kind):
            if field.name not in first:
                title = _title(kind, field.name)
                groups.setdefault(title, []).append(_flag(field))
    lines = [doc.strip(), ""]
    for title, flags in groups.items():
        lines += [f"{title}:", *flags, ""] if flags else []
    if set(shown) != set(kinds):
        lines.append(
            "All flags of wn_gan.train are taken too: see "
            "python -m wn_gan.train --help."
        )
    lines.append(
        "--flagfile=FILE reads flags from a file, one a line; the last value "
        "wins."
    )
    return "\n".join(lines)


def _title(kind: type, name: str) -> str:
    """Title of the class, among a class's bases, that defines an option."""
    for base in kind.__mro__:
        if name in vars(base).get("__annotations__", {}):
            return _TITLES.get(base, _OTHER)
    return _OTHER


def _flag(field: dataclasses.Field) -> str:
    rules = field.metadata
    text = rules["help"]
    if rules["choices"]:
        text += f" One of {', '.join(map(str, rules['choices']))}."
    name = field.name if rules["positional"] else f"--{field.name}"
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )
    return "\n".join([f"  {name}{''.join(_notes(field))}", *lines])


def _notes(field: dataclasses.Field) -> Iterator[str]:
    """What stands behind a flag's name."""
    default = _default(field)
    if default:
        yield f"={default}"
    if field.metadata["required"]:
        yield "  (required)"
    if field.metadata["repeated"]:
        yield "  (may be given several times)"


def _default(field: dataclasses.Field) -> str:
    """The default as a person would write it; empty if there is none."""
    value, off = field.default, field.metadata["off"]
    if value is None or value == ():
        return ""
    if off is not None and value == off:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    if is_tuple(field):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)

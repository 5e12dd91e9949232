"""A study's bundle: results without weights, and what they are of."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from wn_gan.errors import bad_flag
from wn_gan.runs.json_files import DAMAGED, read_json

CONTENT = "study.json"


@dataclasses.dataclass(frozen=True)
class Trial:
    """A tuning run.

    Attributes:
        cell: of the study's grid.
        value: what was tried.
        seed: of the run.
        run: its folder.
        loss: on the running-test images; None if it failed.
    """

    cell: str
    value: str
    seed: int
    run: Path
    loss: float | None


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How the values were found that the runs of a study have.

    Attributes:
        solver: of the test that ranks the candidates.
        trials: all tuning runs.
        chosen: best value by cell.
        shared: best value for all cells.
    """

    solver: str
    trials: tuple[Trial, ...]
    chosen: dict[str, str]
    shared: str


@dataclasses.dataclass(frozen=True)
class Compared:
    """Runs that a report compares.

    Attributes:
        views: name, title and run folders of each comparison, the baseline
            first.
        protocol: of the final test; None for the only one that all share.
        features: protocol of the feature-space measures; None for any.
        tuning: None if nothing was tuned.
    """

    views: Sequence[tuple[str, str, Sequence[str]]]
    protocol: str | None = None
    features: str | None = None
    tuning: Tuning | None = None


def read_bundle(folder: Path, bundle: str) -> Compared:
    """Reads a bundle.

    Args:
        folder: of its files.
        bundle: what the user named: the folder, or the `.zip` of it.

    Raises:
        UserError: if the folder holds no bundle of a finished study.
    """
    found = read_json(folder / CONTENT)
    if found is None:
        raise bad_flag("bundle", bundle, f"holds no bundle (no {CONTENT})")
    try:
        return _compared(folder, found)
    except DAMAGED:
        raise bad_flag(
            "bundle",
            bundle,
            f"its {CONTENT} is not that of a finished study",
        ) from None


def _compared(folder: Path, found: dict) -> Compared:
    views = [
        (
            _word(view["name"]),
            str(view["title"]),
            [str(_inside(folder, run)) for run in view["runs"]],
        )
        for view in found["views"]
    ]
    tuning = found.get("tuning")
    if not views or not all(runs for *_, runs in views):
        raise ValueError("no runs")
    return Compared(
        views,
        _text(found["protocol"]),
        _text(found.get("features")),
        _tuning(folder, tuning) if tuning is not None else None,
    )


def _tuning(folder: Path, found: dict) -> Tuning:
    trials = [
        Trial(
            str(each["cell"]),
            str(each["value"]),
            int(each["seed"]),
            _inside(folder, each["run"]),
            _loss(each["loss"]),
        )
        for each in found["trials"]
    ]
    if not trials:
        raise ValueError("no tuning runs")
    return Tuning(
        str(found["solver"]),
        tuple(trials),
        dict(found["chosen"]),
        str(found["shared"]),
    )


def _loss(value: Any) -> float | None:
    """A run whose loss is not finite has failed."""
    loss = None if value is None else float(value)
    return loss if loss is not None and math.isfinite(loss) else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _word(name: str) -> str:
    """A name that may be part of a file's name."""
    if name and not name.isidentifier():
        raise ValueError(name)
    return name


def _inside(folder: Path, name: str) -> Path:
    """A run's folder: a bundle from elsewhere reads nothing outside itself."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(name)
    return folder / path

"""The files of a run's results, which may be a stranger's."""

import csv
from pathlib import Path

from wn_gan.errors import UserError
from wn_gan.runs.json_files import DAMAGED, read_json
from wn_gan.runs.metrics import read_metrics


def read_summary(path: Path) -> dict | None:
    """A final test's numbers, in the form that a report needs.

    Args:
        path: of its `summary.json`, which may be a stranger's.

    Returns:
        None if there is none.

    Raises:
        UserError: if it is not what `wn_gan.evaluate` writes.
    """
    found = read_json(path)
    if found is None:
        return None
    try:
        provenance = dict(found["provenance"])
        if provenance.get("step") is not None:
            provenance["step"] = int(provenance["step"])
        return found | {
            "mean": float(found["mean"]),
            "curve": [float(loss) for loss in found["curve"]],
            "protocol": str(found["protocol"]),
            "provenance": provenance,
        }
    except DAMAGED as error:
        raise UserError(f"{path}: cannot be read: {error!r}") from error


def read_records(path: Path) -> list[dict]:
    """The lines of a run's `metrics.jsonl`, with numbers where one counts."""
    names = ("step", "reconstruction_loss", "images_per_second")
    return [with_numbers(record, *names) for record in read_metrics(path)]


def with_numbers(record: dict, *names: str) -> dict:
    """A record in which some values are numbers, or missing."""
    for name in names:
        if not isinstance(record.get(name), float | int | None):
            raise TypeError(f"{name}: {record[name]!r} is no number")
    return record


def read_controls(path: Path) -> dict[str, float]:
    """The errors; version 0.1 wrote them without an identity."""
    stored = read_json(path) or {}
    found = stored.get("controls", stored)
    return {k: float(v) for k, v in found.items() if not k.startswith("num_")}


def read_losses(path: Path) -> dict[str, float]:
    """Loss by image of a test's `per_image.csv`; empty if there is none."""
    if not path.exists():
        return {}
    try:
        with open(path, newline="") as file:
            return {r["image"]: float(r["loss"]) for r in csv.DictReader(file)}
    except DAMAGED as error:
        raise UserError(f"{path}: cannot be read: {error!r}") from error

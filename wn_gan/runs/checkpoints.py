"""The checkpoints of one run."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wn_gan.errors import UserError, bad_flag
from wn_gan.files import move, replacing
from wn_gan.runs.checkpoint_file import (
    assign,
    assign_average,
    gan_parts,
    read,
    write,
    write_gan,
)

_NEWEST_FIRST = ("last", "next", "previous")


class Checkpoints:
    """The folder of a run's checkpoints.

    `last` (the one before it stays as `previous` until the next save, in
    case `last` is damaged), `best` by the running test, and every n steps
    `step_<8 digits>`.

    Args:
        folder: where they are, or will be.
        keep: number of `step_...` to keep, the newest; 0 for all.
    """

    def __init__(self, folder: Path, keep: int = 0):
        self.folder = folder
        self.keep = keep

    def path(self, name: str) -> Path:
        """The file of `last`, `previous`, `best` or a step."""
        return self.folder / f"{name}.npz"

    def names(self, wanted: str = "all") -> list[str]:
        """Names of the checkpoints that a user can choose.

        Args:
            wanted: "best", "last", a step, or "all".

        Raises:
            UserError: if there is no such checkpoint.
        """
        there = [path.stem for path in self._all()]
        names = [name for name in there if name not in ("previous", "next")]
        if wanted.isdigit():
            wanted = f"step_{int(wanted):08}"
        chosen = [name for name in names if wanted in ("all", name)]
        if not chosen:
            raise bad_flag(
                "checkpoint",
                wanted,
                f"{self.folder.parent} has {', '.join(names) or 'none'}",
            )
        return chosen

    def save_last(self, gan: Any, metadata: Mapping) -> None:
        """Writes `last`; the old one becomes `previous`."""
        write_gan(self.path("next"), gan, metadata)
        if self.path("last").exists():
            move(self.path("last"), self.path("previous"))
        move(self.path("next"), self.path("last"))

    def copy_last(self, name: str) -> None:
        """Copies `last` to another name."""
        with replacing(self.path(name)) as partial:
            shutil.copyfile(self.path("last"), partial)

    def keep_step(self, step: int) -> None:
        """Keeps `last` as `step_<8 digits>`; deletes the oldest of them."""
        self.copy_last(f"step_{step:08}")
        kept = sorted(self.folder.glob("step_*.npz"))
        for old in kept[: -self.keep] if self.keep else []:
            old.unlink()

    def restore(
        self, name: str, parts: Mapping[str, Any], average: bool = False
    ) -> dict:
        """Sets parts of a GAN to a checkpoint's values.

        Args:
            name: of the checkpoint.
            parts: e.g. `{"generator": generator}`, which needs nothing else
                of the file; `gan_parts(gan)` for all.
            average: whether the generator gets the moving average of its
                weights instead of the weights.

        Returns:
            The checkpoint's metadata: `step`, ...

        Raises:
            UserError: if the file is damaged or another model's.
        """
        path = self.path(name)
        arrays, metadata = read(path)
        assign(parts, arrays, path)
        if average:
            assign_average(parts["generator"], arrays, metadata, path)
        return metadata

    def restore_latest(self, gan: Any) -> tuple[dict, list[str]] | None:
        """Restores `last`, or `previous` where `last` cannot be read.

        Returns:
            The checkpoint's metadata and a line for each damaged file; None
            if there is no checkpoint.

        Raises:
            UserError: if there are some and none can be read.
        """
        damaged = []
        for name in _NEWEST_FIRST:
            path = self.path(name)
            if not path.exists():
                continue
            try:
                arrays, metadata = read(path)
            except UserError as error:
                damaged.append(str(error))
                continue
            assign(gan_parts(gan), arrays, path)
            return metadata, damaged
        if damaged:
            raise UserError("; ".join(damaged))
        return None

    def good(self, before_step: int) -> tuple[Path, int] | None:
        """The newest checkpoint that is not suspect, and its step.

        Args:
            before_step: it must be older than this.
        """
        found = []
        for path in self._all():
            step = self.step(path.stem)
            if step is None or step >= before_step:
                continue
            _, metadata = read(path)
            if metadata.get("suspect_since") is None:
                found.append((step, path))
        if not found:
            return None
        step, path = max(found)
        return path, step

    def roll_back(self, path: Path | None) -> None:
        """Makes a checkpoint `last` and deletes those that are newer.

        Args:
            path: of the checkpoint; None deletes all.
        """
        step = -1
        if path is not None:
            arrays, metadata = read(path)
            step = metadata["step"]
            write(self.path("next"), arrays, metadata)
            move(self.path("next"), self.path("last"))
        for each in self._all():
            found = self.step(each.stem)
            if found is None or found > step:
                each.unlink()

    def step(self, name: str) -> int | None:
        """The step of a checkpoint; None if it is missing or damaged."""
        try:
            return read(self.path(name))[1]["step"]
        except UserError:
            return None

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"))

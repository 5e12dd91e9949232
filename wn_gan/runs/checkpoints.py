"""The checkpoints of one run."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

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


class Latest(NamedTuple):
    """The checkpoint that a run goes on from.

    Attributes:
        name: of the checkpoint: "last", or another where `last` is missing
            or damaged.
        metadata: of the checkpoint.
        damaged: one message per damaged file.
    """

    name: str
    metadata: dict
    damaged: list[str]


class Checkpoints:
    """The folder of a run's checkpoints.

    It holds `last`, `previous` (the one before, in case `last` is damaged),
    `best` by the running test, and `step_<8 digits>` every n steps.

    Args:
        folder: path of the folder, which need not exist yet.
        keep: number of newest `step_...` to keep; 0 for all.
    """

    def __init__(self, folder: Path, keep: int = 0):
        self.folder = folder
        self.keep = keep

    def path(self, name: str) -> Path:
        """Path of `last`, `previous`, `best` or `step_...`."""
        return self.folder / f"{name}.npz"

    def names(self, wanted: str = "all") -> list[str]:
        """Names of the checkpoints that the user can choose.

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
        """Writes `last`; the old `last` becomes `previous`."""
        write_gan(self.path("next"), gan, metadata)
        if self.path("last").exists():
            move(self.path("last"), self.path("previous"))
        move(self.path("next"), self.path("last"))

    def copy(self, name: str, target: str) -> None:
        """Copies a checkpoint to another name."""
        with replacing(self.path(target)) as partial:
            shutil.copyfile(self.path(name), partial)

    def keep_step(self, step: int) -> None:
        """Copies `last` to `step_<8 digits>` and deletes those not to keep."""
        self.copy("last", f"step_{step:08}")
        kept = sorted(self.folder.glob("step_*.npz"))
        for old in kept[: -self.keep] if self.keep else []:
            old.unlink()

    def restore(
        self, name: str, parts: Mapping[str, Any], average: bool = False
    ) -> dict:
        """Sets parts of a GAN to a checkpoint's values.

        Args:
            name: name of the checkpoint.
            parts: e.g. `{"generator": generator}`, which ignores the rest of
                the file; `gan_parts(gan)` for all.
            average: whether the generator gets the moving average of its
                weights instead of the weights.

        Returns:
            The checkpoint's metadata: `step`, ...

        Raises:
            UserError: if the file is damaged or does not fit the model.
        """
        path = self.path(name)
        arrays, metadata = read(path)
        assign(parts, arrays, path)
        if average:
            assign_average(parts["generator"], arrays, metadata, path)
        return metadata

    def restore_latest(self, gan: Any) -> Latest | None:
        """Restores the first readable one of `last`, `next` and `previous`.

        Returns:
            What was restored; None if there is no checkpoint.

        Raises:
            UserError: if checkpoints exist but none can be read, or if one
                does not fit the model.
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
            return Latest(name, metadata, damaged)
        if damaged:
            raise UserError("; ".join(damaged))
        return None

    def good(self, before_step: int) -> tuple[Path, int] | None:
        """Newest checkpoint that is not suspect, and its step; or None.

        Args:
            before_step: upper limit of its step, exclusive.
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
        """Makes a checkpoint `last`; deletes newer and damaged ones.

        Args:
            path: path of the checkpoint; None deletes all.
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
        """Step of a checkpoint; None if it is missing or damaged."""
        try:
            return read(self.path(name))[1]["step"]
        except UserError:
            return None

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"))

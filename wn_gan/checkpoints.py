"""Checkpoints: one file each, complete or not there, checked on reading.

A checkpoint is an `.npz` (read without pickle; zip's CRC guards every array)
of all weights of both networks, both optimizers' state and the step, by
name, with a `metadata` entry in JSON. Being one file it is replaced by one
rename, and any program with NumPy reads it on either Keras.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from wn_gan.errors import UserError
from wn_gan.files import write_npz
from wn_gan.model import GAN

PARTS = ("generator", "discriminator", "g_optimizer", "d_optimizer")
_METADATA = "metadata"


def training_variables(gan: GAN) -> dict[str, Any]:
    """Every variable that a resumed run needs, by a name that stays.

    Names are `generator/<layer>/<weight>`, `d_optimizer/<number>`, `step`.
    """
    variables = {"step": gan.step}
    for network in (gan.generator, gan.discriminator):
        for layer in network.layers:
            for weight in layer.weights:
                name = weight.name.split(":")[0].split("/")[-1]
                variables[f"{network.name}/{layer.name}/{name}"] = weight
    for part in PARTS[2:]:
        for number, variable in enumerate(getattr(gan, part).variables):
            variables[f"{part}/{number:03}"] = variable
    return variables


def nonfinite_variable(gan: GAN) -> str | None:
    """The name of a variable with a value that is not finite, if any."""
    for name, variable in training_variables(gan).items():
        values = tf.convert_to_tensor(variable)
        if values.dtype.is_floating and not tf.reduce_all(
            tf.math.is_finite(values)
        ):
            return name
    return None


def weights_sha256(gan: GAN) -> dict[str, str]:
    """A hash of each of `PARTS`, over names, dtypes, shapes and bytes."""
    hashes = {part: hashlib.sha256() for part in PARTS}
    for name, variable in sorted(training_variables(gan).items()):
        part = name.split("/")[0]
        if part in hashes:
            array = _value(variable)
            head = f"{name} {array.dtype} {array.shape};"
            hashes[part].update(head.encode() + array.tobytes())
    return {part: digest.hexdigest() for part, digest in hashes.items()}


def write(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping
) -> None:
    """Writes a checkpoint; a reader sees the old file or the new one.

    Args:
        path: of the file.
        arrays: by the names of `training_variables`.
        metadata: whatever JSON can hold.
    """
    text = json.dumps(metadata).encode()
    write_npz(path, {**arrays, _METADATA: np.frombuffer(text, np.uint8)})


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the metadata of a checkpoint.

    Raises:
        UserError: if the file is missing or damaged, naming it.
    """
    try:
        with open(path, "rb") as file, np.load(file) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(bytes(arrays.pop(_METADATA)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
        raise UserError(f"{path}: cannot be read as a checkpoint: {e}") from e


def restore(gan: GAN, arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Sets every variable of a GAN but its learning rates, or none.

    Args:
        gan: built and compiled like the one that was saved.
        arrays: from `read`.
        path: where they came from, for the error.

    Raises:
        UserError: if names or shapes differ from the GAN's.
    """
    variables = training_variables(gan)
    wrong = set(variables) ^ set(arrays)
    wrong |= {
        name
        for name in set(variables) & set(arrays)
        if tuple(variables[name].shape) != arrays[name].shape
    }
    if wrong:
        raise UserError(
            f"{path}: {len(wrong)} entries do not fit this model, such as "
            f"{min(wrong)}"
        )
    for name, variable in variables.items():
        # Rates are what the config says, which may have changed.
        if "learning_rate" not in variable.name:
            variable.assign(arrays[name])


class Checkpoints:
    """The checkpoints of one run.

    `last` (the one before it stays as `previous` until the next save, in
    case `last` is damaged), `best` by the running test, and every n steps
    `step_<8 digits>`.

    Args:
        folder: where they are, or will be.
        keep: how many `step_...` to keep, the newest; 0 for all.
    """

    def __init__(self, folder: Path, keep: int = 0):
        """See the class."""
        self.folder = folder
        self.keep = keep

    def path(self, name: str) -> Path:
        """The file of `last`, `previous`, `best` or a step."""
        return self.folder / f"{name}.npz"

    def save_last(self, gan: GAN, metadata: Mapping) -> None:
        """Writes `last`; the old one becomes `previous`."""
        last = self.path("last")
        arrays = _arrays(gan)
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.path("next"), arrays, metadata)
        if last.exists():
            os.replace(last, self.path("previous"))
        os.replace(self.path("next"), last)

    def save_best(self, gan: GAN, metadata: Mapping) -> None:
        """Writes `best`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.path("best"), _arrays(gan), metadata)

    def save_step(self, gan: GAN, metadata: Mapping) -> None:
        """Writes `step_<8 digits>` and deletes the oldest beyond `keep`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(f"step_{int(gan.step.numpy()):08}")
        write(path, _arrays(gan), metadata)
        kept = sorted(self.folder.glob("step_*.npz"))
        for old in kept[: -self.keep] if self.keep else []:
            old.unlink()

    def good(self, before_step: int) -> tuple[Path, int] | None:
        """The newest checkpoint that is not suspect, and its step.

        Args:
            before_step: it must be older than this.
        """
        found = []
        for path in self._all():
            if _step(path) >= before_step:
                continue
            _, metadata = read(path)
            if metadata.get("suspect_since") is None:
                found.append((metadata["step"], path))
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
            os.replace(self.path("next"), self.path("last"))
        for each in self._all():
            if _step(each) > step:
                each.unlink()

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"))

    def restore_latest(self, gan: GAN) -> tuple[dict, list[str]] | None:
        """Restores `last`, or `previous` where `last` cannot be read.

        Returns:
            The checkpoint's metadata and a line for each damaged file; None
            if there is no checkpoint.

        Raises:
            UserError: if there are some and none can be read.
        """
        damaged = []
        for name in ("last", "next", "previous"):
            path = self.path(name)
            if not path.exists():
                continue
            try:
                arrays, metadata = read(path)
            except UserError as error:
                damaged.append(str(error))
                continue
            restore(gan, arrays, path)
            return metadata, damaged
        if damaged:
            raise UserError("; ".join(damaged))
        return None


def _value(variable: Any) -> np.ndarray:
    """Of a variable; of one that replicas share, that of the first here."""
    return tf.convert_to_tensor(variable).numpy()


def _step(path: Path) -> float:
    """The step of a checkpoint; a damaged one is newer than any."""
    try:
        return read(path)[1]["step"]
    except UserError:
        return float("inf")


def _arrays(gan: GAN) -> dict[str, np.ndarray]:
    """What is saved; a checkpoint never holds what is not finite."""
    arrays = {
        name: _value(variable)
        for name, variable in training_variables(gan).items()
    }
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite to be saved")
    return arrays

"""One checkpoint file: written atomically, checked on reading.

A checkpoint is an `.npz` with the weights of both networks, the state of both
optimizers and the step, by name, and a `metadata` entry in JSON. It is read
without pickle; zip's CRC protects every array. As a single file, it is
replaced by one rename. It does not depend on Keras' version, and NumPy alone
can read it.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.errors import UserError
from wn_gan.files import write_npz

Arrays = dict[str, np.ndarray]
_METADATA = "metadata"
_AVERAGE = "g_average"


def gan_parts(gan: Any) -> dict[str, Any]:
    """All state that a resumed run needs, by part name.

    Args:
        gan: a compiled `GAN`.
    """
    names = ("step", "generator", "discriminator", "g_optimizer", "d_optimizer")
    return {name: getattr(gan, name) for name in names}


def part_variables(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of parts, by names that do not change between versions.

    Names are `generator/<layer>/<weight>`, `d_optimizer/<number>`, `step`.

    Args:
        parts: networks, optimizers and variables, by name.
    """
    found: dict[str, Any] = {}
    for part, owner in parts.items():
        if isinstance(owner, tf.Variable):
            found[part] = owner
        elif isinstance(owner, keras.Model):
            names = _network_variables(owner)
            found |= {f"{part}/{name}": v for name, v in names.items()}
        else:
            for number, variable in enumerate(owner.variables):
                found[f"{part}/{number:03}"] = variable
    return found


def _network_variables(network: keras.Model) -> dict[str, Any]:
    return {
        f"{layer.name}/{_plain_name(weight)}": weight
        for layer in network.layers
        for weight in layer.weights
    }


def _plain_name(weight: Any) -> str:
    """Maps Keras 3's "kernel" and Keras 2's "layer/kernel:0" to "kernel"."""
    return weight.name.split(":")[0].split("/")[-1]


def value(variable: Any) -> np.ndarray:
    """A variable's value; for a mirrored one, the first local copy."""
    return tf.convert_to_tensor(variable).numpy()


def nonfinite_variable(parts: Mapping[str, Any]) -> str | None:
    """Name of the first variable with a non-finite value, or None."""
    for name, variable in part_variables(parts).items():
        values = tf.convert_to_tensor(variable)
        if values.dtype.is_floating and not tf.reduce_all(
            tf.math.is_finite(values)
        ):
            return name
    return None


def parts_sha256(parts: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each part, over names, dtypes, shapes and bytes."""
    return {
        part: arrays_sha256(
            {k: value(v) for k, v in part_variables({part: owner}).items()}
        )
        for part, owner in parts.items()
    }


def arrays_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes, sorted by name."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        head = f"{name} {array.dtype} {array.shape};"
        digest.update(head.encode() + array.tobytes())
    return digest.hexdigest()


def write_gan(path: Path, gan: Any, metadata: Mapping) -> None:
    """Writes a checkpoint of a GAN in training.

    Args:
        path: path of the file, replaced atomically.
        gan: a compiled `GAN`.
        metadata: JSON-serializable values.

    Raises:
        ValueError: if a value is not finite.
    """
    variables = part_variables(gan_parts(gan))
    arrays = {name: value(variable) for name, variable in variables.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite to be saved")
    names = {id(variable): name for name, variable in variables.items()}
    averages = keras_compat.moving_averages(gan.g_optimizer)
    where = [names[id(variable)] for variable in averages]
    write(path, arrays, dict(metadata) | ({_AVERAGE: where} if where else {}))


def write(path: Path, arrays: Arrays, metadata: Mapping) -> None:
    """Writes a checkpoint from arrays; see `read`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metadata).encode()
    write_npz(path, {**arrays, _METADATA: np.frombuffer(text, np.uint8)})


def read(path: Path) -> tuple[Arrays, dict]:
    """Reads the arrays and the metadata of a checkpoint.

    Raises:
        UserError: if the file is missing or damaged.
    """
    try:
        with open(path, "rb") as file, np.load(file) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(bytes(arrays.pop(_METADATA)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
        raise UserError(f"{path}: cannot be read as a checkpoint: {e}") from e


def assign(parts: Mapping[str, Any], arrays: Arrays, path: Path) -> None:
    """Sets all variables of the parts except learning rates.

    Args:
        parts: see `part_variables`; other entries of the file are ignored.
        arrays: from `read`.
        path: path of the checkpoint, for messages.

    Raises:
        UserError: if entries of these parts are missing, unknown or of
            another shape; then no variable is changed.
    """
    variables = part_variables(parts)
    stored = {name for name in arrays if name.split("/")[0] in parts}
    missing = sorted(set(variables) - stored)
    other = sorted(
        (stored - set(variables))
        | {
            name
            for name in stored & set(variables)
            if tuple(variables[name].shape) != arrays[name].shape
        }
    )
    if missing or other:
        raise UserError(_misfit(path, missing, other))
    for name, variable in variables.items():
        # The config sets learning rates, and it may have changed.
        if "learning_rate" not in variable.name:
            variable.assign(arrays[name])


def _misfit(path: Path, missing: Sequence[str], other: Sequence[str]) -> str:
    reasons = [
        f"{len(names)} {what}, such as {names[0]}"
        for names, what in (
            (missing, "entries are missing"),
            (other, "entries do not fit this model"),
        )
        if names
    ]
    return f"{path}: {'; '.join(reasons)}"


def assign_average(
    generator: keras.Model, arrays: Arrays, metadata: Mapping, path: Path
) -> None:
    """Sets a generator's trainable weights to their moving average.

    Args:
        generator: the run's generator.
        arrays: from `read`.
        metadata: from `read`.
        path: path of the checkpoint, for messages.

    Raises:
        UserError: if the checkpoint has no average of these weights.
    """
    weights = generator.trainable_variables
    names = metadata.get(_AVERAGE) or _average_of_old_file(arrays, weights)
    if not names or any(name not in arrays for name in names):
        raise UserError(f"{path}: has no moving average of the weights")
    for weight, name in zip(weights, names, strict=True):
        weight.assign(arrays[name])


def _average_of_old_file(arrays: Arrays, weights: list) -> list[str]:
    """Finds the averages in a file of version 0.1, which has no list of them.

    Both versions of Keras store the averages before all other slots, so they
    are the first consecutive entries with the weights' shapes.
    """
    slots = sorted(name for name in arrays if name.startswith("g_optimizer/"))
    shapes = [tuple(weight.shape) for weight in weights]
    for first in range(len(slots) - len(shapes) + 1):
        row = slots[first : first + len(shapes)]
        if [arrays[name].shape for name in row] == shapes:
            return row
    return []

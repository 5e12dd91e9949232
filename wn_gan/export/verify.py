"""Compares an exported model with its original generator."""

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from wn_gan.errors import VerificationFailed
from wn_gan.export.served import ServedGenerator
from wn_gan.export.serving_files import example_inputs
from wn_gan.generators.codes import draw_codes
from wn_gan.networks.statistics import statistics_error

TOLERANCES = {"float32": 1e-5, "float16": 1e-2, "bfloat16": 3e-2}
COUNTS = (1, 3)
# In standard deviations, or as the logarithm of a ratio of variances: a few
# hundred codes agree within 0.1.
STATISTICS_LIMIT = 0.3
Arrays = dict[str, np.ndarray]


def verify(
    model: Path, served: ServedGenerator, generator: keras.Model, dtype: str
) -> dict[str, float]:
    """Runs every signature with TensorFlow's C loader, in a new process.

    Args:
        model: folder of the SavedModel.
        served: the exported module.
        generator: the unfolded generator, with the checkpoint's weights.
        dtype: dtype of the export.

    Returns:
        Largest absolute difference per signature, for pixels in [0, 1].

    Raises:
        VerificationFailed: if the loader cannot run the model, or a
            difference is above `TOLERANCES`.
    """
    asked = [example_inputs(served, count) for count in COUNTS]
    answers = run_in_c(model, asked)
    found: dict[str, float] = {}
    for inputs, outputs in zip(asked, answers, strict=True):
        for name in inputs:
            difference = _difference(
                name, inputs[name], outputs[name], generator
            )
            found[name] = max(found.get(name, 0.0), difference)
    for name, difference in found.items():
        # `not <=` is also true for NaN.
        if not difference <= TOLERANCES[dtype]:
            raise VerificationFailed(
                f"{model}: {name} differs from the checkpoint by "
                f"{difference:.2g}, more than {TOLERANCES[dtype]:g}"
            )
    return found


def check_statistics(generator: keras.Model, batch_size: int) -> None:
    """Compares batch norm's statistics with those of other codes.

    A model and its checkpoint that share wrong statistics agree with each
    other; this measurement does not go through either.

    Args:
        generator: whose statistics were re-estimated.
        batch_size: of the estimate.

    Raises:
        VerificationFailed: if they are off by more than `STATISTICS_LIMIT`.
    """
    error = statistics_error(generator, batch_size)
    if not error <= STATISTICS_LIMIT:
        raise VerificationFailed(
            f"batch norm's statistics are not those of these weights: off by "
            f"{error:.2f}, more than {STATISTICS_LIMIT:g}"
        )


def signature_tensors(
    model: Path,
) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Returns the input and output tensor names of each signature."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((model / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    return {
        name: tuple(
            {key: info.name for key, info in side.items()}
            for side in (signature.inputs, signature.outputs)
        )
        for name, signature in graph.signature_def.items()
        if not name.startswith("__")
    }


def run_in_c(
    model: Path, asked: list[dict[str, Arrays]]
) -> list[dict[str, Arrays]]:
    """Runs signatures in a process that never imports TensorFlow.

    Args:
        model: folder of the SavedModel.
        asked: list of dicts: inputs by name of the signature.

    Returns:
        Outputs in the same form; strings as lists of `bytes`.

    Raises:
        VerificationFailed: if the process fails; contains its message.
    """
    tensors = signature_tensors(model)
    with tempfile.TemporaryDirectory() as folder:
        given, calls = {}, []
        for number, signatures in enumerate(asked):
            for name, inputs in signatures.items():
                entry = f"{number}.{name}"
                fed, fetched = tensors[name]
                given |= {f"{entry}.{key}": x for key, x in inputs.items()}
                took = {fed[key]: f"{entry}.{key}" for key in inputs}
                gave = {name: f"{entry}.{key}" for key, name in fetched.items()}
                calls.append({"inputs": took, "outputs": gave})
        request = Path(folder) / "request.json"
        request.write_text(json.dumps({"model": str(model), "calls": calls}))
        np.savez(request.with_name("inputs.npz"), **given)
        _run(request)
        with np.load(request.with_name("outputs.npz")) as file:
            stored = dict(file)
        paths = request.parent.glob("*.png.image_bytes-*")
        for path in sorted(paths, key=lambda p: int(p.name.split("-")[-1])):
            entry = path.name.rsplit("-", 1)[0]
            stored.setdefault(entry, []).append(path.read_bytes())
    return [
        {
            name: {k: stored[f"{number}.{name}.{k}"] for k in tensors[name][1]}
            for name in signatures
        }
        for number, signatures in enumerate(asked)
    ]


def _run(request: Path) -> None:
    command = [sys.executable, "-m", "wn_gan.export.c_loader", str(request)]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise VerificationFailed(
            f"TensorFlow's C loader ended with {result.returncode}: {lines[-1]}"
        )


def _difference(
    name: str, inputs: Arrays, outputs: Arrays, generator: keras.Model
) -> float:
    """Largest difference between a result and the generator's images."""

    def images(z):
        codes = tf.cast(z, generator.input.dtype)
        return np.asarray(generator(codes, training=False), np.float32)

    if name == "serving_default":
        return _largest(outputs["images"], images(inputs["z"]))
    if name == "sample":
        z = draw_codes(
            tf.constant(inputs["seed"]),
            tf.constant(inputs["truncation"]),
            generator.input_shape[-1],
        )
        return _largest(outputs["images"], images(z))
    if name == "png":
        found = np.stack([_decode(x) for x in outputs["image_bytes"]])
        # Rounding to 8 bits changes a value by up to half of 1/255.
        rounded = _largest(found, images(inputs["z"])) - 0.5 / 255
        return max(rounded, 0.0)
    losses = np.mean(
        (outputs["reconstruction"] - inputs["images"]) ** 2, axis=(1, 2, 3)
    )
    return max(
        _largest(outputs["reconstruction"], images(outputs["z"])),
        _largest(outputs["loss"], losses),
    )


def _decode(content: bytes) -> np.ndarray:
    pixels = np.asarray(Image.open(io.BytesIO(content)), np.float32) / 255
    return pixels.reshape(*pixels.shape[:2], -1)


def _largest(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(found - expected)))

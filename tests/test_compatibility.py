"""Version 0.1's runs, exports, `.keras` files and imports still work."""

import csv
import importlib
import io
import shutil
import sys

import keras
import numpy as np
import pytest
from helpers.commands import GOLDEN, ROOT
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from wn_gan import keras_compat
from wn_gan.export.verify import run_in_c
from wn_gan.flag_defs import from_flag_file
from wn_gan.generators import open_generator
from wn_gan.generators.saved_model import newest_version
from wn_gan.runs.checkpoint_file import read, write
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics

OLD = GOLDEN.parent / "version_0.1"


@pytest.fixture
def old_run(tmp_path):
    """A copy of the old run, to be written to."""
    shutil.copytree(OLD / "run", tmp_path / "run")
    return RunFolder(tmp_path / "run")


@pytest.fixture(scope="module")
def expected():
    with np.load(OLD / "expected.npz") as file:
        return dict(file)


def per_image(path):
    with open(path, newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("average", [False, True])
def test_an_old_checkpoint_is_evaluated(old_run, expected, run_here, average):
    """In float64; a search of 20 evaluations amplifies rounding."""
    output = old_run.path / "test"
    result = run_here(
        "evaluate",
        "--nocontrols",
        run_dir=old_run.path,
        checkpoint="last",
        evaluations=20,
        average=average,
        output=output,
    )
    assert result.returncode == 0, result.stderr
    name = "last-moving-average" if average else "last-moving"
    losses = per_image(output / name / "per_image.csv")
    key = "average_losses" if average else "losses"
    # The file has nine digits, all that a float32 holds.
    assert_allclose(losses, expected[key], rtol=1e-8)


@pytest.mark.parametrize("average", [False, True])
def test_an_old_checkpoint_is_sampled(old_run, expected, average):
    generator = open_generator(old_run.path, "last", average)
    codes = generator.codes(0, 8)
    # Codes are float32: the functions behind them differ by a rounding.
    assert_allclose(codes, expected["z"], rtol=1e-5, atol=1e-6)
    images = generator.pictures(expected["z"])
    key = "average_images" if average else "images"
    assert_array_equal(images, expected[key])


@pytest.mark.parametrize("damage", ["missing", "of another Keras"])
def test_a_generator_needs_nothing_but_itself(old_run, expected, damage):
    """Without D and the optimizers, or with slots of other names."""
    path = old_run.checkpoints / "last.npz"
    arrays, metadata = read(path)
    if damage == "missing":
        arrays = {k: v for k, v in arrays.items() if k.startswith("generator/")}
    else:
        arrays = {
            k.replace("optimizer/", "slots/"): v for k, v in arrays.items()
        }
    write(path, arrays, metadata)
    generator = open_generator(old_run.path, "last")
    assert_array_equal(generator.pictures(expected["z"]), expected["images"])


def test_resuming_says_what_is_missing(old_run, run_here):
    for name in ("last", "best"):
        path = old_run.checkpoints / f"{name}.npz"
        arrays, metadata = read(path)
        arrays = {k: v for k, v in arrays.items() if "d_optimizer/" not in k}
        write(path, arrays, metadata)
    result = run_here(
        "train",
        flagfile=old_run.config,
        run_dir=old_run.path,
        train_steps=40,
    )
    assert result.returncode == 2
    assert "last.npz: " in result.stderr
    assert "entries are missing, such as d_optimizer/000" in result.stderr


@pytest.mark.skipif(
    not keras_compat.KERAS_3, reason="Keras 2 has other optimizer slots"
)
def test_an_old_run_goes_on(old_run, expected, run_here):
    """In float64, from step 20 to 40, as version 0.1 went on."""
    result = run_here(
        "train",
        flagfile=old_run.config,
        run_dir=old_run.path,
        train_steps=40,
    )
    assert result.returncode == 0, result.stderr
    records = read_metrics(old_run.metrics)
    assert [r["step"] for r in records] == list(range(5, 41, 5))
    losses = [r["d_loss"] for r in records]
    assert_allclose(losses, expected["resumed_d_loss"], rtol=1e-9)
    arrays, _ = read(old_run.checkpoints / "last.npz")
    resumed = {
        k.removeprefix("resumed/"): v
        for k, v in expected.items()
        if k.startswith("resumed/")
    }
    assert len(resumed) == 9
    for name, value in resumed.items():
        assert_allclose(arrays[name], value, rtol=1e-9, err_msg=name)


def test_an_old_export_is_read_and_verified(old_run, tmp_path, run_here):
    output = tmp_path / "before"
    shutil.copytree(OLD / "saved_model", output)
    result = run_here(
        "export",
        "--verify_only",
        run_dir=old_run.path,
        checkpoint="last",
        output=output,
    )
    assert result.returncode == 0, result.stderr
    assert "as the checkpoint within" in result.stdout
    generator = open_generator(output)
    assert (generator.code_size, generator.image_shape) == (4, (32, 32, 3))


@pytest.mark.skipif(
    not keras_compat.KERAS_3, reason="written by Keras 3, which Keras 2 can't"
)
def test_an_old_keras_file_loads(expected):
    gan = keras.models.load_model(OLD / "gan.keras", compile=False)
    z = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    # One rounding of float32 per layer.
    assert_allclose(gan(z), expected["keras_images"], rtol=1e-5)
    assert gan.objective.loss == "hinge" and gan.objective.r1_penalty == 0.5
    assert gan.seed == 3


def test_an_old_config_is_read():
    config = from_flag_file((OLD / "run" / "config.cfg").read_text())
    assert config.features == (2,) and config.g_ema_decay == 0.9


@pytest.mark.parametrize(
    "old, name, new",
    [
        ("model", "GAN", "gan.model"),
        ("optimizers", "RMSProp", "gan.optimizers"),
        ("training", "train", "train.train_run"),
        ("metrics", "read_metrics", "runs.metrics"),
        ("evaluation.own_images", "own_images", "data.own_images"),
        ("report", "plots", "compare"),
        ("report", "tables", "compare"),
        ("serving", "ServingClient", "client"),
        ("sampling", "interpolate", "generators"),
        ("sampling", "slerp", "generators"),
    ],
)
def test_old_imports_work_with_a_warning(old, name, new):
    sys.modules.pop(f"wn_gan.{old}", None)
    with pytest.warns(FutureWarning) as warned:
        found = getattr(importlib.import_module(f"wn_gan.{old}"), name)
    messages = [str(one.message) for one in warned]
    assert any(f"wn_gan.{old} is now wn_gan.{new};" in m for m in messages)
    module = importlib.import_module(f"wn_gan.{new}")
    expected = getattr(module, name, None)
    assert found is (expected or sys.modules[f"wn_gan.{new}.{name}"])


@pytest.mark.parametrize("name", ["open_run", "open_saved_model"])
def test_old_functions_open_generators(name):
    with pytest.warns(FutureWarning):
        sys.modules.pop("wn_gan.sampling", None)
        sampling = importlib.import_module("wn_gan.sampling")
    assert getattr(sampling, name) is open_generator


def test_other_old_names_are_no_modules():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("wn_gan.checkpoints")


def test_a_model_of_the_main_stack_is_served_by_an_older_tensorflow():
    """The committed model, written by TensorFlow 2.21, in this loader.

    The addons stack's suite runs this in TensorFlow 2.15.1. A search of 50
    evaluations amplifies rounding: its losses are compared, not its images.
    """
    model = newest_version(ROOT / "saved_models" / "faces")
    with np.load(ROOT / "tests" / "golden" / "served_faces.npz") as file:
        stored = dict(file)
    asked: dict[str, dict] = {}
    for name, value in stored.items():
        kind, signature, key = name.split(".")
        if kind == "in":
            asked.setdefault(signature, {})[key] = value
    (answers,) = run_in_c(model, [asked])
    limits = {"serving_default": 1e-5, "sample": 1e-5}
    for signature, limit in limits.items():
        wanted = stored[f"out.{signature}.images"]
        difference = np.abs(answers[signature]["images"] - wanted).max()
        assert difference < limit, signature
    encoded = answers["png"]["image_bytes"]
    images = stored["out.serving_default.images"]
    for content, image in zip(encoded, images, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(content)), float) / 255
        assert np.abs(pixels - image).max() <= 0.5 / 255 + 1e-5
    losses = answers["reconstruct"]["loss"]
    assert np.abs(losses - stored["out.reconstruct.loss"]).max() < 5e-5

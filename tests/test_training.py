"""Whole runs of a few seconds, by the real command."""

import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY, as_flags, run_module
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from tensorboard.backend.event_processing.event_multiplexer import (
    EventMultiplexer,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from wn_gan.flag_defs import from_flag_file
from wn_gan.runs.checkpoints import read
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.train.tensorboard_log import TAGS

REPRODUCIBLE = TINY | {"deterministic": True}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder and the output of an uninterrupted run."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "whole")
    result = run_module("train", run_dir=folder.path, **REPRODUCIBLE)
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def final(folder):
    return json.loads(folder.final.read_text())


def test_the_run_folder_is_complete(finished):
    folder, _ = finished
    assert from_flag_file(folder.config.read_text()).features == (4,)
    environment = json.loads(folder.environment.read_text())
    assert environment["packages"]["tensorflow"]
    split = json.loads(folder.split.read_text())
    assert split["num_images"] == {
        "train": 8994,
        "running_test": 6,
        "final_test": 10,
    }
    names = {p.name for p in folder.checkpoints.iterdir()}
    assert names == {"last.npz", "previous.npz", "best.npz"}
    sizes = {"samples": (789, 789), "reconstructions": (789, 195)}
    for kind, size in sizes.items():
        pictures = sorted((folder.path / kind).iterdir())
        names = [p.name for p in pictures]
        assert names == ["step_00000010.png", "step_00000020.png"]
        # 8 x 8 samples; 6 targets above 6 reconstructions, 8 places a row;
        # each pixel three times.
        with Image.open(pictures[0]) as picture:
            assert picture.size == size
    assert not list(folder.path.rglob("*.partial*"))


# Numbers of steps with a running test, and of runs with a penalty.
SOMETIMES = ("reconstruction_loss", "d_penalty")


def test_metrics_have_each_report_once(finished):
    records = read_metrics(finished[0].metrics)
    assert [r["step"] for r in records] == [5, 10, 15, 20]
    for record in records:
        numbers = [record[n] for n in TAGS if n not in SOMETIMES]
        assert np.isfinite(numbers).all()
    tested = [r["step"] for r in records if "reconstruction_loss" in r]
    assert tested == [10, 20]


def test_final_json_says_how_it_ended(finished):
    folder, output = finished
    result = final(folder)
    records = read_metrics(folder.metrics)
    losses = {
        r["step"]: r["reconstruction_loss"]
        for r in records
        if "reconstruction_loss" in r
    }
    assert result["step"] == 20
    assert result["best_step"] == min(losses, key=losses.get)
    assert result["best_reconstruction_loss"] == min(losses.values())
    assert {len(h) for h in result["weights_sha256"].values()} == {64}
    assert 0 < result["wall_seconds"] < 300
    metadata = read(folder.checkpoints / "best.npz")[1]
    assert metadata["step"] == result["best_step"]
    assert "step 20/20 100%" in output


def test_tensorboard_has_every_number_and_picture(finished):
    folder, _ = finished
    events = EventAccumulator(str(folder.path))
    events.Reload()
    tags = events.Tags()
    always = {tag for name, tag in TAGS.items() if name != "d_penalty"}
    assert always <= set(tags["tensors"])
    assert {"samples", "reconstructions", "config"} <= set(tags["tensors"])
    records = read_metrics(folder.metrics)
    logged = events.Tensors(TAGS["d_loss"])
    assert [e.step for e in logged] == [r["step"] for r in records]
    values = [tf.make_ndarray(e.tensor_proto) for e in logged]
    np.testing.assert_allclose(values, [r["d_loss"] for r in records], 1e-6)


def test_tensorboard_calls_a_run_by_its_folder(finished):
    folder, _ = finished
    found = EventMultiplexer().AddRunsFromDirectory(str(folder.path.parent))
    assert folder.path.name in found.Runs()


def test_tensorboard_shows_the_options_of_a_run(finished):
    folder, _ = finished
    events = EventAccumulator(str(folder.path))
    events.Reload()
    stored = events.SummaryMetadata("_hparams_/session_start_info")
    shown = HParamsPluginData.FromString(stored.plugin_data.content)
    assert shown.session_start_info.group_name == str(folder.path)
    options = shown.session_start_info.hparams
    assert options["norm"].string_value == "weight"
    assert options["batch_size"].number_value == TINY["batch_size"]


def test_a_finished_run_is_left_alone(finished):
    folder, _ = finished
    before = final(folder)
    result = run_module("train", run_dir=folder.path, **REPRODUCIBLE)
    assert result.returncode == 0, result.stderr
    assert "20 steps done" in result.stdout
    assert final(folder) == before


def test_the_config_of_a_run_reproduces_it(finished, tmp_path):
    folder, _ = finished
    again = RunFolder(tmp_path / "again")
    result = run_module("train", flagfile=folder.config, run_dir=again.path)
    assert result.returncode == 0, result.stderr
    assert final(again)["weights_sha256"] == final(folder)["weights_sha256"]


def start(folder, **options):
    flags = REPRODUCIBLE | {"run_dir": folder.path} | options
    command = [sys.executable, "-m", "wn_gan.train"]
    command += as_flags(flags)
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_step(folder, step, process, seconds=120):
    """Until metrics.jsonl has the step."""
    for _ in range(seconds * 50):
        if folder.metrics.exists() and f'"step": {step},' in (
            folder.metrics.read_text()
        ):
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    raise AssertionError(f"no step {step} within {seconds} s")


@pytest.mark.parametrize("step", [5, 15])
def test_killed_and_resumed_equals_uninterrupted(finished, tmp_path, step):
    """SIGKILL before the first checkpoint and after it."""
    whole, _ = finished
    folder = RunFolder(tmp_path / "killed")
    process = start(folder)
    wait_for_step(folder, step, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    result = run_module("train", run_dir=folder.path, **REPRODUCIBLE)
    assert result.returncode == 0, result.stderr
    assert ("step 10 restored" in result.stdout) == (step == 15)
    assert final(folder)["weights_sha256"] == final(whole)["weights_sha256"]
    steps = [r["step"] for r in read_metrics(folder.metrics)]
    assert steps == [5, 10, 15, 20]
    sample = "samples/step_00000020.png"
    # The files differ in the run's name, which their metadata hold.
    ours, theirs = (Image.open(f.path / sample) for f in (folder, whole))
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(
    "number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_asked_to_stop_it_saves_and_goes_on(tmp_path, number, status):
    folder = RunFolder(tmp_path / "stopped")
    options = {"train_steps": 2000, "checkpoint_every_steps": 2000}
    process = start(folder, **options)
    wait_for_step(folder, 10, process)
    process.send_signal(number)
    asked = time.monotonic()
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == status, errors
    assert "Traceback" not in errors
    saved = int(re.search(r"saved at step ([\d,]+)", output)[1])
    assert 10 <= saved < 2000
    assert read(folder.checkpoints / "last.npz")[1]["step"] == saved
    assert not folder.final.exists()
    again = start(folder, **options | {"train_steps": saved + 5})
    output, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert f"step {saved:,} restored" in output
    assert final(folder)["step"] == saved + 5


def test_more_steps_go_on_and_fewer_are_refused(finished, tmp_path):
    folder = RunFolder(tmp_path / "more")
    short = REPRODUCIBLE | {"run_dir": folder.path, "train_steps": 10}
    assert run_module("train", **short).returncode == 0
    result = run_module("train", **short | {"train_steps": 20})
    assert result.returncode == 0, result.stderr
    whole, _ = finished
    assert final(folder)["weights_sha256"] == final(whole)["weights_sha256"]
    result = run_module("train", **short)
    assert result.returncode == 2
    assert "--train_steps=10" in result.stderr
    assert "has done 20 already" in result.stderr


def test_a_changed_option_is_refused_by_name(finished):
    folder, _ = finished
    changed = REPRODUCIBLE | {"run_dir": folder.path, "g_learning_rate": 1e-3}
    result = run_module("train", **changed)
    assert result.returncode == 2
    assert "--g_learning_rate=0.001: the run in" in result.stderr
    assert "--allow_change=g_learning_rate" in result.stderr


def test_gray_images_of_another_shape_train(tmp_path, random):
    images = tmp_path / "images"
    images.mkdir()
    for i in range(30):
        pixels = random.integers(0, 256, (10, 14), np.uint8)
        Image.fromarray(pixels).save(images / f"{i}.png")
    folder = RunFolder(tmp_path / "run")
    options = TINY | {"dataset": f"folder:{images}", "norm": "batch"}
    options |= {"final_test_images": 5, "update_order": "shared"}
    result = run_module("train", run_dir=folder.path, **options)
    assert result.returncode == 0, result.stderr
    with Image.open(folder.samples / "step_00000020.png") as sample:
        assert sample.mode == "L"
        assert sample.size == (6 * (8 * 15 - 1), 6 * (8 * 11 - 1))


def test_steps_per_execution_changes_nothing_but_the_calls(finished, tmp_path):
    folder = RunFolder(tmp_path / "grouped")
    # Reports are due every 5 steps: calls of 3 and 2 steps.
    options = REPRODUCIBLE | {"steps_per_execution": 3}
    result = run_module("train", run_dir=folder.path, **options)
    assert result.returncode == 0, result.stderr
    records = read_metrics(folder.metrics)
    assert [record["step"] for record in records] == [5, 10, 15, 20]
    ours, theirs = records[-1], read_metrics(finished[0].metrics)[-1]
    # The same arithmetic; the compiler may order it differently.
    np.testing.assert_allclose(ours["d_loss"], theirs["d_loss"], rtol=1e-3)

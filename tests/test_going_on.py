"""A run that goes on: each step once, each checkpoint, each environment."""

import json
import os
import signal

import numpy as np
import pytest
from helpers.commands import TINY

from wn_gan.config import Config
from wn_gan.data import splits
from wn_gan.data.feed import Feed
from wn_gan.errors import UserError
from wn_gan.reconstruction import RunningTest
from wn_gan.runs import environment
from wn_gan.runs.environment import record_environment
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.train import train_run
from wn_gan.train.loop import TrainingLoop

train = train_run.train


def test_a_kill_after_a_stop_reports_each_step_once(tmp_path, monkeypatch):
    """Stopped in the test of step 10, resumed, killed before a checkpoint."""
    folder = RunFolder(tmp_path / "run")
    config = Config(
        **TINY | {"checkpoint_every_steps": 20, "run_dir": str(folder.path)}
    )
    test = RunningTest.__call__

    def stopped(self, before_batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return test(self, before_batch)

    def killed(self, *args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunningTest, "__call__", stopped)
        assert train(config) == 128 + signal.SIGTERM
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train_run.Save, "_best", lambda self, step: False)
        patch.setattr(TrainingLoop, "__call__", killed)
        train(config)
    assert [r["step"] for r in read_metrics(folder.metrics)] == [5, 10]
    assert train(config) == 0
    steps = [r["step"] for r in read_metrics(folder.metrics)]
    assert steps == [5, 10, 15, 20]


def test_a_kill_between_saving_and_keeping_loses_no_step(tmp_path):
    folder = RunFolder(tmp_path / "run")
    options = TINY | {"run_dir": str(folder.path), "keep_every_steps": 10}
    assert train(Config(**options)) == 0
    kept = folder.checkpoints / "step_00000020.npz"
    content = kept.read_bytes()
    kept.unlink()
    assert train(Config(**options)) == 0
    assert kept.read_bytes() == content


def test_the_environment_keeps_the_earlier_ones(tmp_path, monkeypatch):
    path = tmp_path / "environment.json"
    for revision in ("a", "a", "b", "b", "c"):
        monkeypatch.setattr(environment, "git_revision", lambda r=revision: r)
        record_environment(path)
    found = json.loads(path.read_text())
    assert found["git_revision"] == "c"
    assert [each["git_revision"] for each in found["earlier"]] == ["a", "b"]
    assert not any("earlier" in each for each in found["earlier"])


def test_a_gpu_is_no_new_environment_at_each_start(tmp_path, monkeypatch):
    """TensorFlow gives its compute capability as a tuple."""
    found = {"command": [], "gpus": [{"compute_capability": (8, 0)}]}
    monkeypatch.setattr(
        environment, "describe_environment", lambda: dict(found)
    )
    for _ in range(3):
        record_environment(tmp_path / "environment.json")
    content = json.loads((tmp_path / "environment.json").read_text())
    assert content["earlier"] == []


def test_a_finished_run_keeps_its_environment(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    config = Config(**TINY | {"run_dir": str(folder.path)})
    assert train(config) == 0
    before = folder.environment.read_text()
    monkeypatch.setattr(environment, "git_revision", lambda: "later")
    assert train(config) == 0
    assert folder.environment.read_text() == before


def test_a_refusal_leaves_the_split_as_it_was(tmp_path, random):
    """Other images are allowed, but the run has done more steps."""
    for name in ("old", "new"):
        pixels = random.integers(0, 256, (40, 8, 8, 3), np.uint8)
        np.savez(tmp_path / f"{name}.npz", images=pixels)
    folder = RunFolder(tmp_path / "run")
    options = TINY | {
        "run_dir": str(folder.path),
        "dataset": f"npz:{tmp_path / 'old.npz'}",
    }
    assert train(Config(**options)) == 0
    before = folder.split.read_text()
    options |= {"dataset": f"npz:{tmp_path / 'new.npz'}", "train_steps": 10}
    with pytest.raises(UserError, match="has done 20 already"):
        train(Config(**options), ["dataset"])
    assert folder.split.read_text() == before
    options["train_steps"] = 30
    assert train(Config(**options), ["dataset"]) == 0
    assert folder.split.read_text() != before


def test_a_default_of_another_version_does_not_end_a_run(
    tmp_path, random, run_here, monkeypatch
):
    """It goes on, and is evaluated, with the sizes that it began with."""
    pixels = random.integers(0, 256, (120, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    flags = TINY | {"dataset": f"npz:{tmp_path / 'x.npz'}"}
    flags |= {"run_dir": tmp_path / "run"}
    del flags["final_test_images"]
    with monkeypatch.context() as patch:
        patch.setattr(splits, "DEFAULT_FINAL_TEST_IMAGES", 7)
        assert run_here("train", **flags).returncode == 0
    told = run_here("train", **flags | {"train_steps": 30})
    assert told.returncode == 0, told.stderr
    told = run_here(
        "evaluate", run_dir=tmp_path / "run", evaluations=1, controls=False
    )
    assert told.returncode == 0, told.stderr
    (summary,) = (tmp_path / "run").glob("final_test/*/summary.json")
    assert json.loads(summary.read_text())["num_images"] == 7


def test_a_preview_takes_what_training_takes(tmp_path, run_here, refused):
    folder = tmp_path / "run"
    flags = TINY | {"run_dir": folder}
    assert run_here("train", **flags).returncode == 0
    flags |= {"g_learning_rate": 1e-3, "dry_run": True}
    assert "--allow_change=g_learning_rate" in refused("train", **flags)
    told = run_here("train", **flags, allow_change="g_learning_rate")
    assert told.returncode == 0, told.stderr
    del flags["run_dir"]
    devices = {"strategy": "mirrored", "num_virtual_devices": 2}
    told = refused("train", **flags | devices | {"batch_size": 7})
    assert "--batch_size=7: must be a multiple of the 2 replicas" in told


@pytest.mark.parametrize(
    "options",
    [{"dry_run": True}, {"norm": "weight_data_init"}, {"jit_compile": "auto"}],
    ids=str,
)
def test_images_that_are_gone_get_one_line(
    tmp_path, monkeypatch, refused, options
):
    def gone(self, places, order):
        raise OSError("the drive is gone")

    monkeypatch.setattr(Feed, "_read", gone)
    told = refused("train", **TINY | {"run_dir": tmp_path / "run"} | options)
    assert "the drive is gone" in told

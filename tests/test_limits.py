"""What only large runs, many machines or odd devices meet."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import MIRRORED, TINY, run_module
from numpy.testing import assert_allclose

from wn_gan import layers
from wn_gan.config import Config
from wn_gan.distribution import planned_workers
from wn_gan.errors import UserError
from wn_gan.features.measures import measures
from wn_gan.gan.memory import check_memory
from wn_gan.train import compiling
from wn_gan.train.compiling import Trial, uses_xla


def test_more_elements_than_32_bits_count():
    """Of 2^28 replicas: 2^36 elements; the variance is the batch's own."""

    class Wide(layers.BatchNorm):
        def _replicas(self):
            return 2**28

        def _mean(self, values, axes):
            return tf.reduce_mean(values, axes)

    norm = Wide(momentum=0.0, synchronized=True)
    images = np.random.default_rng(0).normal(size=(4, 4, 4, 4))
    norm(tf.constant(images, tf.float32), training=True)
    variance = images.reshape(-1, 4).var(axis=0)
    assert_allclose(norm.moving_variance, variance, rtol=1e-5)


def test_a_machines_memory_holds_its_own_part_of_a_batch():
    config = Config(norm="weight", batch_size=4096)
    with pytest.raises(UserError, match="--batch_size=4096"):
        check_memory(config, (160, 160, 3))
    with pytest.raises(UserError, match="--batch_size=4096"):
        check_memory(config, (160, 160, 3), num_workers=2)
    check_memory(config, (160, 160, 3), num_workers=64)


def test_the_machines_of_a_plan(monkeypatch):
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    several = Config(strategy="multi_worker")
    assert planned_workers(Config()) == planned_workers(several) == 1
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "5")
    assert planned_workers(several) == 5
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]}
    task = {"type": "worker", "index": 0}
    text = json.dumps({"cluster": cluster, "task": task})
    monkeypatch.setenv("TF_CONFIG", text)
    assert planned_workers(several) == 3
    hosts = dataclasses.replace(several, worker_hosts="a:1,b:1", worker_index=0)
    assert planned_workers(hosts) == 2
    assert planned_workers(Config()) == 1


def test_xla_over_cpu_devices_gets_one_line(tmp_path):
    told = run_module(
        "train", *MIRRORED, run_dir=tmp_path / "run", jit_compile="true", **TINY
    )
    assert told.returncode == 2
    assert "--jit_compile=true: XLA cannot compile a step over" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "run").exists()


def test_a_decision_is_of_the_devices_that_it_was_made_on(
    tmp_path, monkeypatch, mirrored
):
    trials = iter([Trial(2.0, 1.0), Trial(1.0, None), Trial(2.0, 1.0)])
    monkeypatch.setattr(compiling, "try_xla", lambda *_: next(trials))
    config = dataclasses.replace(Config(), jit_compile="auto")
    path = tmp_path / "xla.json"

    def decided(strategy):
        return uses_xla(config, None, path, strategy)[0]

    alone = tf.distribute.get_strategy()
    assert decided(alone) and decided(alone)
    assert not decided(mirrored) and not decided(mirrored)
    assert decided(alone)
    # An earlier version, which wrote no number of devices.
    path.write_text(json.dumps({"jit_compile": False}))
    assert not decided(alone)


def test_one_image_has_no_covariance():
    features = np.random.default_rng(0).normal(size=(20, 8))
    found = measures(features[:1], features, "FD", True)
    assert "FD" not in found
    assert "FD" in measures(features[:2], features, "FD", True)

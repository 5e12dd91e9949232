"""bfloat16 convolutions: in the training step, and nowhere else."""

import json

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY, run_module
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.gan.building import build_gan
from wn_gan.train import onednn
from wn_gan.train.loop import TrainingLoop

BFLOAT16 = "bfloat16_convolutions"
needs_instructions = pytest.mark.skipif(
    not onednn.has_instructions(),
    reason="this CPU has no bfloat16 instructions",
)
IMAGES = np.random.default_rng(2).random((8, 16, 16, 3), np.float32)


def loop_and_batches(bfloat16):
    gan = build_gan(Config(features=(16,), code_size=8), (16, 16, 3))
    strategy = tf.distribute.get_strategy()
    loop = TrainingLoop(gan, strategy, bfloat16=bfloat16)
    data = tf.data.Dataset.from_tensors(tf.constant(IMAGES)).repeat()
    return gan, loop, iter(data)


@needs_instructions
def test_the_step_is_bfloat16_and_what_follows_is_not():
    losses = []
    for bfloat16 in (False, True):
        gan, loop, stream = loop_and_batches(bfloat16)
        results, _ = loop(stream)
        losses.append(float(results["d_loss"]))
    assert 1e-7 < abs(losses[0] / losses[1] - 1) < 1e-2
    z = gan.codes(4)
    sample = gan.sample(z).numpy()
    # Without a graph there is nothing to rewrite.
    assert_allclose(sample, gan.generator(z, training=False), atol=1e-6)
    with onednn.bfloat16_convolutions():
        rewritten = gan.sample(z).numpy()
    assert abs(rewritten - sample).max() > 1e-5
    assert_array_equal(gan.sample(z).numpy(), sample)


@needs_instructions
def test_it_is_off_again_after_an_error():
    with pytest.raises(RuntimeError), onednn.bfloat16_convolutions():
        raise RuntimeError
    options = tf.config.optimizer.get_experimental_options()
    assert not options.get("auto_mixed_precision_onednn_bfloat16")


@needs_instructions
def test_a_run_trains_and_says_so(tmp_path):
    run_dir = tmp_path / "run"
    options = TINY | {"precision": BFLOAT16}
    result = run_module("train", run_dir=run_dir, **options)
    assert result.returncode == 0, result.stderr
    assert f"--precision={BFLOAT16}" in (run_dir / "config.cfg").read_text()
    assert json.loads((run_dir / "final.json").read_text())["step"] == 20


def test_a_cpu_without_the_instructions_is_refused(monkeypatch):
    monkeypatch.setattr(onednn, "cpu_features", lambda: {"avx2"})
    with pytest.raises(UserError, match="--precision=bfloat16.*use float32"):
        onednn.check_precision(BFLOAT16)
    onednn.check_precision("float32")


def test_the_features_of_a_cpu_are_read(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nflags\t\t: fpu avx512_bf16 sse\n")
    assert onednn.cpu_features(path) == {"fpu", "avx512_bf16", "sse"}
    path.write_text("processor : 0\nFeatures\t: fp asimd bf16\n")
    assert "bf16" in onednn.cpu_features(path)
    assert onednn.cpu_features(tmp_path / "none") == set()


def test_xla_has_convolutions_of_its_own():
    with pytest.raises(UserError, match="--jit_compile=true: must be false"):
        Config(precision=BFLOAT16, jit_compile="true")

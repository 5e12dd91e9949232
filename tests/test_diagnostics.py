"""Numbers from inside the networks, held against hand-made ones."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import (
    MIRRORED,
    TINY,
    as_flags,
    free_hosts,
    run_together,
    worker_flags,
)
from numpy.testing import assert_allclose, assert_array_equal
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator,
)

from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.layers.kernel_layers import channel_matrix
from wn_gan.runs.folder import RunFolder
from wn_gan.train.diagnostics import Diagnostics
from wn_gan.train.layer_numbers import effective_rank
from wn_gan.train.train_run import train

REAL = np.random.default_rng(8).random((6, 8, 8, 3)).astype(np.float32)


def trained_gan(**options):
    gan = build_gan(
        Config(**{"features": (4,), "code_size": 5} | options), (8, 8, 3)
    )
    for _ in range(3):
        gan.train_step(tf.constant(REAL))
    return gan


def test_the_effective_rank_of_known_spectra():
    assert_allclose(effective_rank(tf.constant([2.0, 2, 2, 2])), 4, rtol=1e-6)
    assert_allclose(effective_rank(tf.constant([3.0, 0, 0])), 1, rtol=1e-6)
    # Entropy of (1/2, 1/4, 1/4) is 1.5 bits.
    spectrum = tf.constant([4.0, 2, 2])
    assert_allclose(effective_rank(spectrum), 2**1.5, rtol=1e-6)


@pytest.mark.parametrize("axis", [2, 3])
def test_a_row_of_the_matrix_is_a_channel(axis):
    kernel = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    matrix = np.asarray(channel_matrix(tf.constant(kernel), axis))
    assert matrix.shape == (kernel.shape[axis], kernel.size // len(matrix))
    for channel, row in enumerate(matrix):
        expected = kernel.take(channel, axis).ravel()
        assert_array_equal(row, expected)


def of(found, name):
    return {k: v for k, v in found.items() if k.endswith("/" + name)}


def test_strict_weight_norm_has_gradients_across_v():
    """Along w, w / ||w|| does not change; epsilon lets a millionth through."""
    gan = trained_gan(norm="weight")
    # It starts so small that epsilon is a part of its norm.
    first = gan.generator.get_layer("initial_linear").kernel
    first.assign(100 * first)
    strict = of(Diagnostics(gan, REAL)(), "cos_gradient_v")
    assert len(strict) == 4
    assert max(strict.values()) < 1e-5
    plain = of(Diagnostics(trained_gan(norm="none"), REAL)(), "cos_gradient_v")
    assert min(plain.values()) > 1e-3


def test_the_cosine_of_a_plain_discriminator():
    """Held against the loss written out again."""
    gan = trained_gan(norm="none")
    found = Diagnostics(gan, REAL)()
    kernel = gan.discriminator.get_layer("level_0_conv").kernel
    fake = gan.generator(gan.codes(len(REAL)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            tf.nn.softplus(-gan.discriminator(tf.constant(REAL)))
        ) + tf.reduce_mean(tf.nn.softplus(gan.discriminator(fake)))
    gradient = np.asarray(tape.gradient(loss, kernel)).reshape(-1, 4)
    v = np.array(kernel).reshape(-1, 4)
    norms = np.linalg.norm(v, axis=0)
    cosine = (v * gradient).sum(0) / norms / np.linalg.norm(gradient, axis=0)
    name = "discriminator/level_0_conv/"
    assert_allclose(
        found[name + "cos_gradient_v"], np.abs(cosine).mean(), rtol=1e-4
    )
    assert_allclose(found[name + "v_norm"], norms.mean(), rtol=1e-5)
    singular = np.linalg.svd(v, compute_uv=False)
    assert_allclose(found[name + "singular_values"], singular, rtol=1e-4)


def test_singular_values_are_those_of_the_kernel_that_is_applied():
    """One for spectral norm's largest, when power iteration has settled."""
    gan = trained_gan(norm="spectral")
    gan.compile(*(tf.keras.optimizers.SGD(0.0) for _ in range(2)))
    for _ in range(50):
        gan.train_step(tf.constant(REAL))
    values = of(Diagnostics(gan, REAL)(), "singular_values")
    largest = [np.max(v) for v in values.values()]
    assert len(largest) == 4
    assert_allclose(largest, 1, rtol=1e-3)


def test_the_drift_of_batch_norm():
    gan = trained_gan(norm="batch", code_size=6)
    found = Diagnostics(gan, REAL)()
    linear, norm = (
        gan.generator.get_layer(f"initial_{kind}")
        for kind in ("linear", "batchnorm")
    )
    inputs = np.asarray(linear(gan.codes(len(REAL)))).reshape(-1, 4)
    variance = inputs.var(0) + 1e-5
    mean_drift = np.abs(norm.moving_mean - inputs.mean(0)) / np.sqrt(variance)
    name = "generator/initial_batchnorm/"
    assert_allclose(found[name + "mean_drift"], mean_drift.mean(), rtol=1e-3)
    ratio = (np.array(norm.moving_variance) + 1e-5) / variance
    assert_allclose(
        found[name + "variance_drift"],
        np.abs(np.log(ratio)).mean(),
        rtol=1e-3,
    )
    norm.moving_mean.assign(inputs.mean(0))
    again = Diagnostics(gan, REAL)()
    assert again[name + "mean_drift"] < 1e-5


def test_saturated_channels_and_pixels():
    gan = trained_gan(norm="weight")
    rectifier = gan.discriminator.get_layer("level_0_tprelu")
    rectifier.threshold.assign([0.0, 100.0, 0.0, 0.0])
    final = gan.generator.get_layer("level_0_conv")
    final.bias.assign([100.0, 0.0, -100.0])
    found = Diagnostics(gan, REAL)()
    name = "discriminator/level_0_tprelu/"
    assert_allclose(found[name + "saturated"], 0.25)
    assert_array_equal(found[name + "threshold"], [0, 100, 0, 0])
    assert len(found[name + "slope"]) == 4
    assert_allclose(found["generator/images/saturated"], 2 / 3, rtol=1e-6)


@pytest.mark.parametrize("norm", ["batch", "mean_only_batch", "spectral"])
def test_nothing_changes(norm):
    gan = trained_gan(norm=norm)
    weights = [*gan.generator.weights, *gan.discriminator.weights]
    before = [np.array(w) for w in weights]
    Diagnostics(gan, REAL)()
    for old, new in zip(before, weights, strict=True):
        assert_array_equal(old, np.array(new))


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "mixed_float16"},
        {"precision": "float64", "norm": "batch"},
        {"architecture": "resnet", "features": (3, 4)},
        {"norm": "group"},
    ],
)
def test_every_kind_of_network_is_measured(options):
    found = Diagnostics(trained_gan(**options), REAL)()
    assert len(found) > 20
    for name, value in found.items():
        assert np.isfinite(value).all(), name


def test_a_run_with_diagnostics_is_the_same_run(tmp_path):
    """The same weights to the bit, and more in TensorBoard."""
    hashes = []
    for every in (0, 10):
        folder = RunFolder(tmp_path / str(every))
        options = {
            "diagnostics_every_steps": every,
            "norm": "batch",
            "run_dir": str(folder.path),
        }
        assert train(Config(**TINY | options)) == 0
        hashes.append(folder.final.read_text().split("weights_sha256")[1])
        events = EventAccumulator(str(folder.path))
        events.Reload()
        tags = [t for t in events.Tags()["tensors"] if "diagnostics" in t]
        assert bool(tags) == bool(every)
    assert "diagnostics/generator/level_1_batchnorm/mean_drift" in tags
    logged = events.Tensors("diagnostics/discriminator/final_conv/v_norm")
    assert [event.step for event in logged] == [10, 20]
    one, two = (text.split("wall_seconds")[0] for text in hashes)
    assert one == two


@pytest.mark.timeout(900)
@pytest.mark.parametrize("synchronized", [False, True])
@pytest.mark.parametrize("devices", ["mirrored", "workers"])
def test_a_run_on_several_devices_is_diagnosed(tmp_path, devices, synchronized):
    """With one batch norm for all, the numbers are those of one device."""
    options = TINY | {
        "norm": "batch",
        "precision": "float64",
        "sync_batch_norm": synchronized,
        "diagnostics_every_steps": 10,
        "train_steps": 10,
    }
    both = {"mirrored": [MIRRORED], "workers": worker_flags(free_hosts(2))}
    found = []
    for name, kinds in ("one", [[]]), ("several", both[devices]):
        flags = as_flags(options | {"run_dir": tmp_path / name})
        command = [sys.executable, "-m", "wn_gan.train", *flags]
        run_together([[*command, *own] for own in kinds])
        found.append(diagnosed(tmp_path / name))
    one, several = found
    assert one.keys() == several.keys() and len(one) > 20
    if synchronized:
        for name, value in one.items():
            assert_allclose(several[name], value, rtol=1e-5, err_msg=name)


def diagnosed(run_dir):
    """Numbers of step 10 by tag; of a histogram the widest bucket."""
    events = EventAccumulator(str(run_dir))
    events.Reload()
    tags = [t for t in events.Tags()["tensors"] if "diagnostics" in t]
    logged = {tag: events.Tensors(tag) for tag in tags}
    assert all([e.step for e in each] == [10] for each in logged.values())
    return {
        tag: tf.reduce_max(tf.make_ndarray(each[0].tensor_proto)).numpy()
        for tag, each in logged.items()
    }

"""Every norm on either network; penalties, noise, D's steps, the average."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan import keras_compat, networks
from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.gan import penalties
from wn_gan.gan.building import build_gan
from wn_gan.gan.model import initialize_gan
from wn_gan.gan.objective import Objective
from wn_gan.runs.checkpoint_file import part_variables

REAL = np.random.default_rng(5).random((4, 8, 8, 3)).astype(np.float32)
TINY = {"code_size": 5, "features": (3,), "batch_size": 4}


def gan_of(architecture="dcgan", **options):
    config = TINY | {"architecture": architecture} | options
    if architecture == "resnet":
        config["features"] = (3, 4)
    return build_gan(Config(**config), (8, 8, 3))


def values(network):
    return [np.array(weight) for weight in network.weights]


def check_step(gan):
    before = values(gan.generator), values(gan.discriminator)
    results = gan.train_step(tf.constant(REAL))
    # A residual block starts as its shortcut: the first step moves only the
    # addition's weights, so that the second reaches the residue.
    gan.train_step(tf.constant(REAL))
    assert all(np.isfinite(np.asarray(v)) for v in results.values())
    after = values(gan.generator), values(gan.discriminator)
    for old, new in zip(before, after, strict=True):
        moved = [(o != n).any() for o, n in zip(old, new, strict=True)]
        assert np.mean(moved) > 0.5
    return results


@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
@pytest.mark.parametrize("norm", networks.NORMS)
@pytest.mark.parametrize("network", ["g_norm", "d_norm"])
def test_a_step_with_a_norm_on_one_network(architecture, norm, network):
    gan = gan_of(architecture, norm="none", **{network: norm})
    if norm == "weight_data_init":
        initialize_gan(gan, tf.constant(REAL))
    check_step(gan)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
@pytest.mark.parametrize("d_norm", networks.NORMS)
@pytest.mark.parametrize("g_norm", networks.NORMS)
def test_the_full_grid_of_norms(architecture, g_norm, d_norm):
    check_step(gan_of(architecture, g_norm=g_norm, d_norm=d_norm))


def test_single_norm_flags_win():
    config = Config(norm="batch", d_norm="spectral")
    assert config.generator_norm == "batch"
    assert config.discriminator_norm == "spectral"
    assert config.network_name == "g:batch d:spectral"
    assert Config(architecture="resnet21").network_name == "resnet21 weight"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"features": (64, 0)}, "--features=0: must be at least 1"),
        ({"features": (64, 128)}, "a dcgan takes one number"),
        ({"blocks": (2,)}, "--blocks=2: a dcgan has none"),
        (
            {"architecture": "resnet", "features": (4, 6), "blocks": (1, 2, 3)},
            "one for each of 2 levels",
        ),
        ({"architecture": "resnet", "levels": 3}, "--levels=3: a resnet has"),
        ({"architecture": "resnet21", "blocks": (3,)}, "resnet21 is fixed"),
        ({"d_norm": "batchnorm"}, "--d_norm=batchnorm: must be one of none"),
        (
            {"d_steps": 2, "update_order": "shared"},
            "--d_steps=2: must be 1 for --update_order=shared",
        ),
        ({"g_ema_decay": 1.0}, "--g_ema_decay=1.0: must be below 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        Config(**options)


def test_a_resnet_too_deep_for_its_images_is_refused():
    config = Config(architecture="resnet", features=(4,) * 6)
    with pytest.raises(UserError, match="--features=4,4,.*at most 3"):
        build_gan(config, (8, 8, 3))


# Penalties


def linear(images):
    """A discriminator whose gradient is 0.5 everywhere: norm^2 = n / 4."""
    return tf.reduce_sum(0.5 * images, axis=[1, 2, 3])[:, tf.newaxis]


def test_penalties_of_a_linear_discriminator():
    images = tf.constant(REAL)
    assert_allclose(penalties.r1_penalty(linear, images), 192 / 4 / 2)
    mix = tf.fill([4, 1, 1, 1], 0.3)
    expected = (np.sqrt(192 / 4) - 1) ** 2
    found = penalties.gradient_penalty(linear, images, 1 - images, mix)
    assert_allclose(found, expected, rtol=1e-6)


def test_the_gradient_penalty_is_taken_between_the_images():
    seen = []

    def quadratic(images):
        seen.append(images)
        return tf.reduce_sum(images**2, axis=[1, 2, 3])[:, tf.newaxis]

    mix = tf.reshape([0.0, 0.25, 0.5, 1.0], [4, 1, 1, 1])
    real, fake = tf.constant(REAL), tf.constant(1 - REAL)
    penalties.gradient_penalty(quadratic, real, fake, mix)
    assert_allclose(seen[0][0], fake[0])
    assert_allclose(seen[0][1], 0.25 * real[1] + 0.75 * fake[1], rtol=1e-6)
    assert_allclose(seen[0][3], real[3])


@pytest.mark.parametrize("order", ["alternate", "shared"])
@pytest.mark.parametrize("penalty", ["r1_penalty", "gradient_penalty"])
def test_a_penalty_is_reported_and_trains(order, penalty):
    plain = check_step(gan_of(update_order=order))
    results = check_step(gan_of(update_order=order, **{penalty: 10.0}))
    # The same losses at the same weights, the penalty beside them.
    assert_allclose(results["d_loss"], plain["d_loss"])
    assert "d_penalty" not in plain and float(results["d_penalty"]) > 0
    assert results["d_gradient_norm"] != plain["d_gradient_norm"]


# Noise and D's steps


def test_instance_noise_is_noise_of_that_size():
    gan = gan_of(instance_noise=0.1)
    images = tf.zeros([64, 8, 8, 3])
    noisy = np.asarray(gan.objective._noisy(images, gan.random, 1_000_000, 0))
    # Twelve thousand numbers: one in a hundred of the deviation.
    assert_allclose(noisy.std(), 0.1, rtol=0.03)
    same = gan.objective._noisy(images, gan.random, 1_000_000, 0)
    assert_array_equal(same, noisy)
    gan.step.assign_add(1)
    other = np.asarray(gan.objective._noisy(images, gan.random, 1_000_000, 0))
    assert abs(np.corrcoef(other.ravel(), noisy.ravel())[0, 1]) < 0.05
    check_step(gan)


def test_d_steps_take_their_own_images_and_codes():
    """Two steps of D are what two GANs of one step give in turn."""
    gan = gan_of(d_steps=2)
    both = np.concatenate([REAL, 1 - REAL])
    twice = gan_of(d_steps=2)
    results = gan.train_step(tf.constant(both))
    for turn, images in enumerate([REAL, 1 - REAL]):
        last = twice._update_d(tf.constant(images), turn)
    assert_allclose(results["d_loss"], last["d_loss"], rtol=1e-6)
    for ours, theirs in zip(
        values(gan.discriminator), values(twice.discriminator), strict=True
    ):
        assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    first, second = (gan.codes(4, 0, turn) for turn in (0, 1))
    assert not np.array_equal(first, second)


# The moving average


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_average_of_the_generator(precision):
    gan = gan_of(g_ema_decay=0.9, precision=precision)
    kernel = gan.generator.get_layer("level_0_conv").kernel
    average = None
    for step in range(3):
        gan.train_step(tf.constant(REAL))
        value = np.array(kernel)
        if step == 0 and keras_compat.KERAS_3:
            # Keras 3 starts its average at the first update's result.
            average = value
        elif step == 0:
            average = 0.9 * initial_kernel() + 0.1 * value
        else:
            average = 0.9 * average + 0.1 * value
    kept = averages(gan)["level_0_conv/kernel"]
    assert_allclose(kept, average, rtol=1e-4, atol=1e-6)


def averages(gan):
    """The moving averages of a GAN's generator, by name."""
    names = part_variables({"g": gan.generator})
    kept = keras_compat.moving_averages(gan.g_optimizer)
    trainable = [
        name.removeprefix("g/")
        for name, variable in names.items()
        if any(variable is w for w in gan.generator.trainable_variables)
    ]
    return dict(zip(trainable, map(np.array, kept), strict=True))


def initial_kernel():
    gan = gan_of(g_ema_decay=0.9)
    return np.array(gan.generator.get_layer("level_0_conv").kernel)


def test_fit_ends_with_the_weights_themselves():
    """Keras would end by copying the average over them."""
    gan = gan_of(g_ema_decay=0.9)
    gan.fit(
        tf.data.Dataset.from_tensors(REAL).repeat(3), verbose=0, shuffle=False
    )
    trained = values(gan.generator)
    averaged = list(averages(gan).values())
    differs = [(t != a).any() for t, a in zip(trained, averaged, strict=True)]
    assert all(differs)
    other = gan_of(g_ema_decay=0.9)
    for _ in range(3):
        other.train_step(tf.constant(REAL))
    for one, two in zip(trained, values(other.generator), strict=True):
        assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_gan_config_round_trip_keeps_the_options():
    gan = gan_of(d_steps=2, r1_penalty=1.0, instance_noise=0.1)
    again = type(gan).from_config(gan.get_config())
    assert again.d_steps == 2
    assert again.objective == Objective(r1_penalty=1.0, instance_noise=0.1)
    assert isinstance(again.generator, keras.Model)


@pytest.mark.parametrize("which", ["generator", "discriminator"])
def test_data_init_starts_only_the_network_that_asks_for_it(which):
    """--d_norm=weight_data_init leaves a weight_affine G as it is."""
    gan = gan_of(g_norm="weight_affine", d_norm="weight_affine")
    before = {
        n: values(getattr(gan, n)) for n in ("generator", "discriminator")
    }
    initialize_gan(
        gan,
        tf.constant(REAL),
        g=which == "generator",
        d=which == "discriminator",
    )
    for name, old in before.items():
        new = values(getattr(gan, name))
        same = all(np.array_equal(o, n) for o, n in zip(old, new, strict=True))
        assert same == (name != which)


def test_both_warm_ups_end_at_the_same_step():
    """D takes d_steps updates per step, so its warm-up has more updates."""
    config = dict(warmup_steps=4, d_steps=3, batch_size=4)
    gan = gan_of(**config)
    images = tf.constant(np.concatenate([REAL] * 3))
    for step in range(1, 6):
        gan.train_step(images)
        rates = [
            float(rate_of(optimizer)) / optimizer_rate
            for optimizer, optimizer_rate in (
                (gan.g_optimizer, 1e-4),
                (gan.d_optimizer, 1e-4),
            )
        ]
        # The rate of the next update: G's (n + 1) / 4, D's (3 n + 1) / 12.
        expected = [min(1, (step + 1) / 4), min(1, (3 * step + 1) / 12)]
        assert_allclose(rates, expected, rtol=1e-6)


def rate_of(optimizer):
    """The rate of the optimizer's next update, on either Keras."""
    schedule = optimizer._learning_rate
    return schedule(optimizer.iterations)

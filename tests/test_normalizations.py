"""Spectral, mean-only, data-dependent and group norms; residual addition."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan import layers, networks
from wn_gan.networks.fold import folded
from wn_gan.networks.normalized import NormalizedLayers


def random_images(shape=(6, 5, 4, 6), seed=0):
    values = np.random.default_rng(seed).normal(2, 3, shape)
    return values.astype(np.float32)


# Spectral norm


@pytest.mark.parametrize(
    "layer, shape, to_matrix",
    [
        (layers.SpectralNormDense(5), (3, 7), lambda k: k.T),
        (
            layers.SpectralNormConv2D(5, 3),
            (2, 6, 6, 4),
            lambda k: k.transpose(3, 0, 1, 2).reshape(5, -1),
        ),
        (
            layers.SpectralNormConv2DTranspose(5, 4, 2),
            (2, 6, 6, 4),
            lambda k: k.transpose(2, 0, 1, 3).reshape(5, -1),
        ),
    ],
    ids=["dense", "conv", "transpose"],
)
def test_the_largest_singular_value_becomes_one(layer, shape, to_matrix):
    x = random_images(shape)
    layer(x)
    kernel = np.random.default_rng(1).normal(size=layer.kernel.shape)
    layer.kernel.assign(kernel)
    for _ in range(100):
        layer(x, training=True)
    matrix = to_matrix(np.asarray(layer.normalized_kernel()))
    # A hundred power iterations: exact up to float32.
    assert_allclose(np.linalg.norm(matrix, 2), 1, rtol=1e-5)
    assert_allclose(layer.kernel, kernel, rtol=1e-6)


def test_only_training_moves_the_spectral_vector():
    layer = layers.SpectralNormDense(5)
    x = random_images((3, 7))
    layer(x)
    before = np.array(layer.u)
    layer(x)
    assert_array_equal(layer.u, before)
    layer(x, training=True)
    assert not np.array_equal(layer.u, before)


def test_the_gradient_goes_through_the_singular_value():
    """By finite differences of u' W v with u and v held, as in the paper."""
    layer = layers.SpectralNormDense(3, dtype="float64")
    x = tf.constant(np.random.default_rng(2).normal(size=(4, 5)))
    layer(x)
    for _ in range(200):
        layer(x, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 3)
    (gradient,) = tape.gradient(loss, [layer.kernel])
    kernel, step = np.array(layer.kernel), 1e-6
    for place in [(0, 0), (3, 1), (4, 2)]:
        ends = []
        for sign in (1, -1):
            moved = kernel.copy()
            moved[place] += sign * step
            layer.kernel.assign(moved)
            ends.append(float(tf.reduce_sum(layer(x) ** 3)))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert_allclose(gradient[place], slope, rtol=1e-4)


# Mean-only batch norm


def test_mean_only_batch_norm_by_hand():
    layer, x = layers.MeanOnlyBatchNorm(), random_images()
    layer(x)
    layer.beta.assign(np.arange(6.0))
    mean = x.mean(axis=(0, 1, 2))
    assert_allclose(
        layer(x, training=True), x - mean + np.arange(6.0), atol=1e-5
    )
    assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    expected = x - 0.1 * mean + np.arange(6.0)
    assert_allclose(layer(x), expected, atol=1e-5)
    assert [w.name.split(":")[0].split("/")[-1] for w in layer.weights] == [
        "beta",
        "moving_mean",
    ]


# Layer, instance and group norm


@pytest.mark.parametrize(
    "norm, axes", [("layer", (1, 2, 3)), ("instance", (1, 2))]
)
def test_keras_group_norm_against_numpy(norm, axes):
    make = NormalizedLayers(norm, "float32")
    inputs = keras.Input((5, 4, 6))
    model = keras.Model(inputs, make.normalize(inputs, "x"))
    x = random_images()
    mean = x.mean(axes, keepdims=True)
    deviation = np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    assert_allclose(model(x), (x - mean) / deviation, atol=1e-5)


def test_group_norm_against_numpy():
    make = NormalizedLayers("group", "float32")
    inputs = keras.Input((5, 4, 6))
    layer = keras.Model(inputs, make.normalize(inputs, "x"))
    x = random_images()
    # Six channels: one group more would leave a channel alone.
    groups = x.reshape(6, 5, 4, 1, 6) if _groups(layer) == 1 else None
    assert groups is not None
    mean = groups.mean((1, 2, 4), keepdims=True)
    deviation = np.sqrt(groups.var((1, 2, 4), keepdims=True) + 1e-5)
    expected = ((groups - mean) / deviation).reshape(x.shape)
    assert_allclose(layer(x), expected, atol=1e-5)


def _groups(model):
    return model.get_layer("x_groupnorm").groups


@pytest.mark.parametrize("channels, groups", [(64, 32), (32, 16), (6, 1)])
def test_groups_have_two_channels_at_least(channels, groups):
    make = NormalizedLayers("group", "float32")
    inputs = keras.Input((2, 2, channels))
    assert _groups(keras.Model(inputs, make.normalize(inputs, "x"))) == groups


# Data-dependent initialization


@pytest.mark.parametrize("architecture", [networks.dcgan, networks.resnet])
def test_pre_activations_start_whitened(architecture):
    sizes = dict(features=(6, 8), blocks=(1, 2))
    if architecture is networks.dcgan:
        sizes = dict(features=6)
    discriminator = architecture.build_discriminator(
        "weight_data_init", 16, 16, **sizes
    )
    images = np.random.default_rng(0).random((64, 16, 16, 3), np.float32)
    networks.initialize_from_data(discriminator, images)
    checked = 0
    for layer in discriminator.layers:
        if isinstance(layer, layers.KernelLayer):
            seen = keras.Model(discriminator.input, layer.output)(images)
            axes = tuple(range(len(seen.shape) - 1))
            assert_allclose(np.mean(seen, axes), 0, atol=1e-4)
            assert_allclose(np.std(seen, axes), 1, rtol=1e-3)
            checked += 1
    assert checked >= 3


# Residual addition


def test_addition_by_hand():
    layer = layers.WeightNormAdd()
    residue, shortcut = random_images(seed=1), random_images(seed=2)
    # A block starts as its shortcut.
    assert_allclose(layer([residue, shortcut]), shortcut, atol=1e-6)
    layer.residue_weight.assign([3.0] * 6)
    layer.shortcut_weight.assign([-4.0] * 6)
    expected = 0.6 * residue - 0.8 * shortcut
    assert_allclose(layer([residue, shortcut]), expected, atol=1e-5)
    again = layers.WeightNormAdd.from_config(layer.get_config())
    assert again.epsilon == layer.epsilon


# The ResNet


@pytest.mark.parametrize(
    "blocks, counts",
    [
        ((2,) * 5, (20_773_324, 19_123_650)),
        ((1,) * 5, (11_844_172, 10_194_498)),
    ],
)
def test_resnet_parameter_counts(blocks, counts):
    build = dict(height=160, width=160, blocks=blocks)
    generator = networks.resnet.build_generator("weight", **build)
    discriminator = networks.resnet.build_discriminator("weight", **build)
    assert (generator.count_params(), discriminator.count_params()) == counts


def test_twenty_one_layers():
    """Convolutions on the long way, the linear or last layer included."""
    for network in (
        networks.resnet.build_generator("weight", 64, 64),
        networks.resnet.build_discriminator("weight", 64, 64),
    ):
        long_way = [
            layer
            for layer in network.layers
            if isinstance(layer, layers.KernelLayer)
            and "shortcut" not in layer.name
        ]
        assert len(long_way) == 21


@pytest.mark.parametrize("norm", networks.NORMS)
def test_every_norm_folds_in_a_resnet(norm):
    generator = networks.resnet.build_generator(
        norm, 20, 28, code_size=5, features=(4, 6, 8), blocks=(2, 1, 2)
    )
    random = np.random.default_rng(3)
    for weight in generator.weights:
        moved = np.asarray(weight) + random.uniform(0, 0.5, weight.shape)
        weight.assign(moved)
    twin = folded(generator)
    z = tf.random.stateless_normal([4, 5], [1, 2])
    # One more rounding a weight.
    assert_allclose(twin(z), generator(z), rtol=1e-4, atol=1e-6)
    left = (layers.BatchNorm, layers.KernelLayer, layers.WeightNormAdd)
    assert not any(isinstance(layer, left) for layer in twin.layers)


def test_addons_wrapper_is_a_peer_on_dense_and_convolution():
    """Not on transposed ones: it takes the norm over their input there."""
    addons = pytest.importorskip(
        "tensorflow_addons", reason="needs the addons stack"
    )
    for plain, ours, x in (
        (
            keras.layers.Dense(5),
            layers.WeightNormDense(5, affine=True, epsilon=0.0),
            random_images((3, 7)),
        ),
        (
            keras.layers.Conv2D(5, 3, padding="same"),
            layers.WeightNormConv2D(5, 3, affine=True, epsilon=0.0),
            random_images((2, 6, 6, 4)),
        ),
    ):
        wrapper = addons.layers.WeightNormalization(plain, data_init=False)
        wrapper(x)
        ours(x)
        gain = np.random.default_rng(4).uniform(0.5, 2, 5)
        wrapper.g.assign(gain)
        ours.gain.assign(gain)
        ours.kernel.assign(wrapper.v)
        ours.bias.assign(np.arange(5.0))
        plain.bias.assign(np.arange(5.0))
        # Float32 sums in another order.
        assert_allclose(ours(x), wrapper(x), rtol=1e-4, atol=1e-4)

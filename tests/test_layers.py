"""Layers: a contract for all of them, NumPy twins, invariants."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from wn_gan import keras_compat, layers
from wn_gan.layers.weight_norm import normalize_kernel

CONV_INPUT = (2, 6, 4, 3)
CASES = {
    "dense_strict": (layers.WeightNormDense(5), (4, 7)),
    "dense_affine": (layers.WeightNormDense(5, affine=True), (4, 7)),
    "conv_strict": (layers.WeightNormConv2D(5, 3), CONV_INPUT),
    "conv_affine": (
        layers.WeightNormConv2D(5, (4, 2), 2, "valid", affine=True),
        CONV_INPUT,
    ),
    "transpose_strict": (
        layers.WeightNormConv2DTranspose(5, 4, 2),
        CONV_INPUT,
    ),
    "transpose_affine": (
        layers.WeightNormConv2DTranspose(5, (4, 3), 2, "valid", affine=True),
        CONV_INPUT,
    ),
    "trelu": (layers.TReLU(), CONV_INPUT),
    "prelu": (layers.PReLU(), CONV_INPUT),
    "tprelu": (layers.TPReLU(), CONV_INPUT),
    "batch_norm": (layers.BatchNorm(), CONV_INPUT),
    "mean_only_batch_norm": (layers.MeanOnlyBatchNorm(), CONV_INPUT),
    "spectral_dense": (layers.SpectralNormDense(5), (4, 7)),
    "spectral_conv": (layers.SpectralNormConv2D(5, 3, 2), CONV_INPUT),
    "spectral_transpose": (
        layers.SpectralNormConv2DTranspose(5, 4, 2),
        CONV_INPUT,
    ),
    "channel_affine": (layers.ChannelAffine(), CONV_INPUT),
}


def fresh(case, **changes):
    """A new layer of a case, its weights far from initial and reproducible."""
    layer, shape = CASES[case]
    layer = type(layer).from_config(layer.get_config() | changes)
    layer.build((None, *shape[1:]))
    random = np.random.default_rng(1)
    layer.set_weights(
        [
            random.normal(size=w.shape)
            if w.ndim > 1
            else random.uniform(0.2, 0.9, size=w.shape)
            for w in layer.get_weights()
        ]
    )
    x = random.normal(size=shape).astype(np.float32)
    return layer, x


@pytest.mark.parametrize("case", CASES)
def test_symbolic_equals_eager_for_any_batch(case):
    layer, x = fresh(case)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    assert model.output.shape[1:] == layer(x).shape[1:]
    # The same arithmetic, perhaps in another order: a few roundings.
    assert_allclose(model(x[:1]), layer(x)[:1], rtol=1e-5, atol=1e-6)
    traced = tf.function(model)(tf.constant(x))
    assert_allclose(traced, layer(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_survives_saving(case, tmp_path):
    layer, x = fresh(case)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == layer.get_config()
    # Another object of the same arithmetic.
    assert_allclose(loaded(x), layer(x), rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_half_and_keeps_float32(case, policy):
    layer, x = fresh(case, dtype=policy)
    full, _ = fresh(case)
    assert {np.asarray(w).dtype.name for w in layer.weights} == {"float32"}
    y = layer(x)
    assert y.dtype == policy.removeprefix("mixed_")
    # 8 bits of mantissa and sums of up to 48 products.
    assert_allclose(tf.cast(y, tf.float32), full(x), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("case", [c for c in CASES if "_strict" in c])
def test_float16_normalizes_in_float32(case):
    """Squares of small weights would be zero in float16."""
    layer, x = fresh(case, dtype="mixed_float16", epsilon=0.0)
    layer.kernel.assign(1e-4 * layer.kernel)
    full, _ = fresh(case, epsilon=0.0)
    assert_allclose(
        layer.normalized_kernel(), full.normalized_kernel(), rtol=1e-5
    )


@pytest.mark.parametrize("case", CASES)
def test_float64(case):
    layer, x = fresh(case, dtype="float64")
    full, _ = fresh(case)
    assert layer(x.astype(np.float64)).dtype == tf.float64
    assert_allclose(layer(x), full(x), rtol=1e-4, atol=1e-5)


def test_dense_twin():
    layer, x = fresh("dense_affine")
    kernel, gain, bias = (
        np.asarray(w) for w in (layer.kernel, layer.gain, layer.bias)
    )
    norm = np.sqrt((kernel**2).sum(axis=0) + 1e-6)
    assert_allclose(layer(x), gain * (x @ kernel) / norm + bias, rtol=1e-5)


def test_convolution_twin():
    layer, x = fresh("conv_affine")
    kernel = np.asarray(layer.kernel)
    norm = np.sqrt((kernel**2).sum(axis=(0, 1, 2)) + 1e-6)
    windows = np.lib.stride_tricks.sliding_window_view(x, (4, 2), axis=(1, 2))
    plain = np.einsum("nyxchw,hwco->nyxo", windows[:, ::2, ::2], kernel)
    expected = np.asarray(layer.gain) * plain / norm + np.asarray(layer.bias)
    assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_transposed_convolution_twin():
    layer, x = fresh("transpose_affine")
    kernel = np.asarray(layer.kernel)  # HWOI
    norm = np.sqrt((kernel**2).sum(axis=(0, 1, 3)) / 4 + 1e-6)
    batch, height, width, _ = x.shape
    plain = np.zeros((batch, 2 * height + 2, 2 * width + 1, 5), np.float32)
    for i in range(height):
        for j in range(width):
            patch = np.einsum("nc,hwoc->nhwo", x[:, i, j], kernel)
            plain[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 3] += patch
    expected = np.asarray(layer.gain) * plain / norm + np.asarray(layer.bias)
    assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "case, axes, squared_norm",
    [
        ("dense_strict", (0,), 1),
        ("conv_strict", (0, 1, 2), 1),
        # Each output pixel sees a quarter of a stride-2 kernel.
        ("transpose_strict", (0, 1, 3), 4),
    ],
)
def test_norm_is_one_and_ignores_scale(case, axes, squared_norm):
    layer, x = fresh(case, epsilon=0.0)
    squares = np.square(layer.normalized_kernel()).sum(axis=axes)
    assert_allclose(squares, squared_norm, rtol=1e-5)
    before = layer(x)
    layer.kernel.assign(7 * layer.kernel)
    assert_allclose(layer(x), before, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if "_strict" in c])
def test_strict_gradient_is_orthogonal_to_the_kernel(case):
    """A scale of the kernel changes nothing, so no gradient points there."""
    layer, x = fresh(case, epsilon=0.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(x)))
    gradient = tape.gradient(loss, layer.trainable_variables)[0]
    kernel = np.asarray(layer.kernel)
    cosine = np.sum(kernel * gradient) / (
        np.linalg.norm(kernel) * np.linalg.norm(gradient)
    )
    assert abs(cosine) < 1e-5


def test_initial_kernels_are_bounded_by_the_fan_in():
    layer = layers.WeightNormConv2DTranspose(64, 4)
    layer.build((None, 5, 5, 32))
    bound = 1 / np.sqrt(4 * 4 * 32)
    kernel = np.asarray(layer.kernel)
    # 32,768 uniform draws come this near to their bounds.
    assert 0.999 * bound < kernel.max() <= bound
    assert -bound <= kernel.min() < -0.999 * bound


@pytest.mark.parametrize(
    "layer, expected",
    [
        (layers.TReLU(), [0.5, 0.5, 2.0]),
        (layers.PReLU(), [-0.5, 0.125, 2.0]),
        # Slope 0.25 around the threshold 0.5: (x - .5) / 4 + .5 below it.
        (layers.TPReLU(), [-0.125, 0.40625, 2.0]),
    ],
)
def test_rectifiers_by_hand(layer, expected):
    x = tf.constant([[-2.0], [0.125], [2.0]])
    layer(x)
    if hasattr(layer, "threshold"):
        layer.threshold.assign([0.5])
    assert_allclose(tf.reshape(layer(x), [-1]), expected, rtol=1e-6)


@pytest.mark.parametrize("slope, clipped", [(-0.5, 0.0), (1.5, 1.0)])
def test_tprelu_clips_its_slope(slope, clipped):
    layer = layers.TPReLU()
    x = tf.constant([[-2.0], [3.0]])
    layer(x)
    layer.slope.assign([slope])
    assert_allclose(layer(x), [[-2.0 * clipped], [3.0]])


def test_batch_norm_normalizes_and_keeps_unbiased_statistics(random):
    layer = layers.BatchNorm()
    x = random.normal(3, 2, size=(4, 3, 2, 5)).astype(np.float32)
    y = np.asarray(layer(x, training=True))
    assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    assert_allclose(y.std(axis=(0, 1, 2)), 1, rtol=1e-3)  # epsilon
    mean = x.mean(axis=(0, 1, 2))
    variance = x.var(axis=(0, 1, 2), ddof=1)
    assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-4)
    assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-4)


def test_batch_norm_infers_with_moving_statistics():
    layer, x = fresh("batch_norm")
    mean, variance, gamma, beta = (
        np.asarray(v)
        for v in (
            layer.moving_mean,
            layer.moving_variance,
            layer.gamma,
            layer.beta,
        )
    )
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta
    assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert_allclose(layer.moving_mean, mean, rtol=0)


def test_batch_norm_in_float64_equals_the_fused_kernel():
    double, x = fresh("batch_norm", dtype="float64")
    single, _ = fresh("batch_norm")
    assert_allclose(
        double(x.astype(np.float64), training=True),
        single(x, training=True),
        rtol=1e-4,
        atol=1e-5,
    )
    for ours, theirs in zip(double.weights, single.weights, strict=True):
        assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5)


def test_padding_is_checked():
    with pytest.raises(ValueError, match="'same' or 'valid', got 'full'"):
        layers.WeightNormConv2D(3, 3, padding="full")


def test_addons_peer():
    """tensorflow-addons' wrapper, where it is right: Dense and Conv2D.

    Its transposed convolution normalizes over the input axis, so it is no
    peer there. Its gain starts at the norm, ours at 1.
    """
    addons = pytest.importorskip("tensorflow_addons")
    for plain, ours, shape in (
        (keras.layers.Dense(5), layers.WeightNormDense(5, affine=True), (4, 7)),
        (
            keras.layers.Conv2D(5, 3, padding="same"),
            layers.WeightNormConv2D(5, 3, affine=True),
            CONV_INPUT,
        ),
    ):
        x = np.random.default_rng(2).normal(size=shape).astype(np.float32)
        peer = addons.layers.WeightNormalization(plain, data_init=False)
        peer(x), ours(x)
        ours.kernel.assign(peer.v)
        peer.g.assign([0.5, 1.0, 1.5, 2.0, 2.5])
        ours.gain.assign(peer.g)
        # The peer has no epsilon: 1e-6 beside a norm of about 1.
        assert_allclose(ours(x), peer(x), rtol=1e-4, atol=1e-5)


def test_only_one_place_knows_the_stack():
    assert keras_compat.KERAS_3 == hasattr(keras, "ops")


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("overlap", [1.0, 4.0])
def test_second_derivatives_of_a_normalized_kernel(random, overlap, graph):
    """A gradient penalty differentiates the written-out gradient again."""
    kernel, one, other = tf.constant(random.normal(size=(3, 3, 3, 4, 5)))
    axes = [0, 1, 2]

    def plain(kernel, axes, epsilon, overlap):
        squared = tf.reduce_sum(kernel**2, axes, keepdims=True) / overlap
        return kernel / tf.sqrt(squared + epsilon)

    def gradients(normalize):
        with tf.GradientTape() as outer:
            outer.watch(kernel)
            with tf.GradientTape() as inner:
                inner.watch(kernel)
                total = tf.reduce_sum(
                    normalize(kernel, axes, 1e-2, overlap) * one
                )
            gradient = inner.gradient(total, kernel)
            size = tf.reduce_sum(gradient**2 * other)
        return gradient, outer.gradient(size, kernel)

    run = tf.function(gradients) if graph else gradients
    found = zip(run(normalize_kernel), gradients(plain), strict=True)
    for ours, wanted in found:
        assert_allclose(ours, wanted, rtol=1e-12, atol=1e-14)

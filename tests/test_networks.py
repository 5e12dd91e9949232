"""Networks: sizes, parameter counts, folding."""

import math

import numpy as np
import pytest
import tensorflow as tf
from helpers.networks import scatter
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from wn_gan import layers, networks
from wn_gan.networks import level_sizes
from wn_gan.networks.fold import folded


def count(network):
    return sum(math.prod(w.shape) for w in network.trainable_variables)


@pytest.mark.parametrize(
    "norm, g_count, d_count",
    [
        ("none", 1_187_459, 663_425),
        ("batch", 1_188_355, 664_193),
        ("weight", 1_183_622, 663_426),
        ("weight_affine", 1_191_750, 663_874),
    ],
)
def test_parameter_counts_at_32(norm, g_count, d_count):
    """The authors' networks at 32x32, code 128, features 64."""
    assert count(networks.build_generator(norm, 32, 32)) == g_count
    assert count(networks.build_discriminator(norm, 32, 32)) == d_count


def test_parameter_counts_at_160():
    """The authors' CelebA networks."""
    generator = networks.build_generator("weight", 160, 160, code_size=256)
    assert count(generator) == 17_701_766
    discriminator = networks.build_discriminator("weight", 160, 160)
    assert count(discriminator) == 11_173_762


@pytest.mark.parametrize(
    "height, width, levels, sizes",
    [
        (32, 32, None, [(32, 32), (16, 16), (8, 8), (4, 4)]),
        # 14 and 10 would halve to odd numbers: padded to 8 and 6.
        (20, 28, 3, [(20, 28), (10, 14), (6, 8), (3, 4)]),
        (28, 28, None, [(28, 28), (14, 14), (7, 7)]),
        (4, 6, None, [(4, 6), (2, 3)]),
    ],
)
def test_level_sizes(height, width, levels, sizes):
    assert list(level_sizes(height, width, levels)) == sizes


@settings(max_examples=8, deadline=None)
@given(
    height=st.integers(1, 24).map(lambda n: 2 * n),
    width=st.integers(1, 24).map(lambda n: 2 * n),
    channels=st.sampled_from([1, 3]),
    norm=st.sampled_from(networks.NORMS),
)
def test_any_even_size(height, width, channels, norm):
    generator = networks.build_generator(
        norm, height, width, channels, code_size=4, features=2
    )
    images = generator(tf.zeros([2, 4]))
    assert images.shape == (2, height, width, channels)
    assert 0 <= np.min(images) and np.max(images) <= 1
    discriminator = networks.build_discriminator(
        norm, height, width, channels, features=2
    )
    assert discriminator(images).shape == (2, 1)


@pytest.mark.parametrize("height, width", [(31, 32), (32, 0)])
def test_odd_sizes_are_refused(height, width):
    with pytest.raises(ValueError, match="must be even and positive"):
        networks.build_generator("none", height, width)


def test_levels_that_do_not_shrink_are_refused():
    assert level_sizes(32, 32, 5)[-1] == (1, 1)
    with pytest.raises(ValueError, match="at most 5 for 32x32 images, got 6"):
        level_sizes(32, 32, 6)


def test_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="got 'spectrum'"):
        networks.build_generator("spectrum", 32, 32)


def test_where_the_paper_puts_what():
    """Batch norm after all but D's first; affine only in the last layer."""

    def names(network, kind):
        return [x.name for x in network.layers if isinstance(x, kind)]

    build = dict(height=32, width=32, features=2)
    generator = networks.build_generator("batch", **build)
    assert names(generator, layers.BatchNorm) == [
        "initial_batchnorm",
        "level_2_batchnorm",
        "level_1_batchnorm",
    ]
    discriminator = networks.build_discriminator("batch", **build)
    assert names(discriminator, layers.BatchNorm) == [
        "level_1_batchnorm",
        "level_2_batchnorm",
    ]
    for network, last in (
        (networks.build_generator("weight", **build), "level_0_conv"),
        (networks.build_discriminator("weight", **build), "final_conv"),
    ):
        affine = [x.name for x in network.layers if getattr(x, "affine", 0)]
        assert affine == [last]


@pytest.mark.parametrize("norm", networks.NORMS)
def test_first_layer_starts_small(norm):
    generator = networks.build_generator(norm, 8, 8, code_size=16, features=2)
    kernel = np.asarray(generator.get_layer("initial_linear").kernel)
    bound = 0.01 / math.sqrt(16)
    assert 0.5 * bound < np.abs(kernel).max() <= bound


@pytest.mark.parametrize("norm", networks.NORMS)
@pytest.mark.parametrize("height, width", [(16, 16), (20, 28)])
def test_folded_twin_computes_the_same(norm, height, width):
    generator = networks.build_generator(
        norm, height, width, code_size=6, features=3, levels=2
    )
    scatter(generator)
    twin = folded(generator)
    z = tf.random.stateless_normal([4, 6], [1, 2])
    # One more rounding a weight.
    assert_allclose(twin(z), generator(z), rtol=1e-4, atol=1e-6)
    assert not any(
        isinstance(x, layers.BatchNorm | layers.KernelLayer)
        for x in twin.layers
    )


def test_folding_again_follows_the_generator():
    generator = networks.build_generator("weight", 8, 8, features=2)
    twin = folded(generator)
    z = tf.random.stateless_normal([4, 128], [1, 2])
    for seed in (1, 2):
        scatter(generator, seed)
        folded(generator, into=twin)
        assert_allclose(twin(z), generator(z), rtol=1e-4, atol=1e-6)


def test_mixed_precision_ends_in_float32():
    for policy in ("mixed_float16", "mixed_bfloat16"):
        generator = networks.build_generator(
            "weight", 8, 8, features=2, dtype=policy
        )
        images = generator(tf.zeros([2, 128]))
        assert images.dtype == tf.float32
        discriminator = networks.build_discriminator(
            "weight", 8, 8, features=2, dtype=policy
        )
        assert discriminator(images).dtype == tf.float32
        assert folded(generator).output.dtype == "float32"

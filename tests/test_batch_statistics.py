"""A batch-normalized generator, scored with three kinds of statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from wn_gan import networks
from wn_gan.config import SOLVERS
from wn_gan.evaluate.batch_norm import in_mode, prepare_mode
from wn_gan.reconstruction import Reconstructor


def generator_off_its_start(norm):
    keras.utils.set_random_seed(4)
    generator = networks.build_generator(
        norm, 8, 8, code_size=4, features=3, dtype="float64"
    )
    for weight in generator.trainable_weights:
        value = np.asarray(weight)
        noise = np.random.default_rng(5).normal(size=value.shape)
        weight.assign(value + 0.3 * noise)
    return generator


def test_only_batch_statistics_depend_on_the_neighbours():
    z = tf.random.stateless_normal([6, 4], [1, 1], dtype=tf.float64)
    for norm in ("weight", "batch"):
        for mode in ("moving", "standing", "batch"):
            generator = generator_off_its_start(norm)
            prepare_mode(generator, mode, 16)
            generate = in_mode(generator, mode)
            together, alone = generate(z)[:1], generate(z[:1])
            difference = np.abs(together - alone).max()
            if (norm, mode) == ("batch", "batch"):
                assert difference > 1e-3
            else:
                assert difference < 1e-12


def test_standing_statistics_are_means_over_fresh_codes():
    generator = generator_off_its_start("batch")
    norm = generator.get_layer("initial_batchnorm")
    linear = generator.get_layer("initial_linear")
    prepare_mode(generator, "standing", 32)
    assert norm.momentum == 0.9
    # Over normal codes the linear layer's mean is its bias, its variance
    # the squares of its kernel; 100 batches of 32 tell within a few percent.
    channels = norm.moving_mean.shape[0]
    pixels = np.asarray(linear.bias).reshape(-1, channels)
    assert_allclose(norm.moving_mean, pixels.mean(0), atol=0.05)
    variance = np.square(linear.kernel).sum(0).reshape(-1, channels).mean(0)
    variance += pixels.var(0)
    assert_allclose(norm.moving_variance, variance, rtol=0.1)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="got 'training'"):
        prepare_mode(generator_off_its_start("batch"), "training", 4)


def search(solver, evaluations, together=True, **options):
    """Of 12 images by batch statistics, in two batches."""
    generator = generator_off_its_start("batch")
    prepare_mode(generator, "batch", 16)
    images = np.random.default_rng(2).uniform(size=(12, 8, 8, 3))
    reconstructor = Reconstructor(
        in_mode(generator, "batch"),
        (8, 8, 3),
        4,
        solver,
        evaluations,
        batch_size=6,
        dtype="float64",
        together=together,
        **options,
    )
    return reconstructor(images)


@pytest.mark.parametrize("starts", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_mean_is_the_end_of_its_curve(solver, starts):
    """Codes are of one batch: none was accepted beside other neighbours."""
    found = search(solver, 40, num_starts=starts)
    assert found.curve.shape == (41, 12)
    assert_allclose(found.curve[-1].mean(), found.losses.mean(), rtol=1e-9)
    generator = generator_off_its_start("batch")
    for batch in (slice(0, 6), slice(6, 12)):
        ours = in_mode(generator, "batch")(found.z[batch])
        assert_allclose(found.images[batch], ours, rtol=1e-9)


def test_a_search_of_the_whole_batch_does_not_stall():
    """As one by one: neighbours move, so a lane's line search finds no step."""
    together, alone = (search("lbfgs", 300, t) for t in (True, False))
    slow = search("paper", 3000)
    assert (np.diff(together.curve.mean(axis=1)) <= 1e-12).all()
    assert together.losses.mean() < 0.999 * alone.losses.mean()
    assert together.losses.mean() < 1.002 * slow.losses.mean()

"""The metric: a closed form, independence of neighbours, folding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from test_networks import scatter

from wn_gan import networks
from wn_gan.reconstruction import RunningTest, search_codes, squared_errors


@pytest.fixture
def targets(random):
    return tf.constant(random.random((7, 8, 8, 3)))


def small_generator(norm="weight", dtype="float64"):
    keras.utils.set_random_seed(1)
    generator = networks.build_generator(
        norm, 8, 8, code_size=6, features=4, dtype=dtype
    )
    scatter(generator)
    return generator


def test_errors_by_hand():
    images = tf.constant([[[[0.0, 1.0]]], [[[0.5, 0.5]]]])
    targets = tf.constant([[[[1.0, 1.0]]], [[[0.5, 0.0]]]])
    assert_allclose(squared_errors(images, targets), [0.5, 0.125])


def test_a_linear_generator_is_solved(random):
    """RMSProp ends within its last steps of the least-squares solution."""
    matrix = random.normal(size=(3, 12)) / 6
    x = 0.5 + random.normal(size=(2, 12)) / 10
    best = np.linalg.lstsq(matrix.T, (x - 0.5).T, rcond=None)[0].T
    error = ((best @ matrix + 0.5 - x) ** 2).mean(axis=1)
    found = search_codes(
        lambda z: tf.reshape(z @ matrix + 0.5, [-1, 2, 2, 3]),
        tf.reshape(x, [2, 2, 2, 3]),
        code_size=3,
        evaluations=600,
    )
    # Steps of 0.01 circle the optimum: their error is about 0.01^2 / 36.
    assert_allclose(found.losses, error, atol=2e-5)
    assert_allclose(found.z, best, atol=0.02)


@pytest.mark.parametrize("batch", [1, 3])
def test_an_image_does_not_depend_on_its_neighbours(targets, batch):
    generator = small_generator()
    together = search_codes(generator, targets, 6, evaluations=20)
    apart = [
        search_codes(generator, targets[i : i + batch], 6, evaluations=20)
        for i in range(0, 7, batch)
    ]
    losses = np.concatenate([part.losses for part in apart])
    assert_allclose(losses, together.losses, rtol=1e-9)


def test_the_batch_mean_form_does(targets):
    """The authors' form differs, or it would not be worth naming."""
    generator = small_generator()
    alone, together = (
        search_codes(generator, x, 6, evaluations=20, batch_mean=True)
        for x in (targets[:1], targets)
    )
    assert abs(alone.losses[0] / together.losses[0] - 1) > 1e-9


def test_the_search_descends(targets):
    found = search_codes(small_generator(), targets, 6, evaluations=30)
    curve = np.asarray(found.curve)
    assert curve[-1] < curve[0]
    assert_allclose(
        found.losses, squared_errors(found.images, targets), rtol=1e-12
    )


@pytest.mark.parametrize("norm", networks.NORMS)
def test_running_test_equals_the_search_on_the_generator(norm, random):
    generator = small_generator(norm)
    targets = random.random((5, 8, 8, 3))
    expected = search_codes(
        lambda z: generator(z, training=False),
        tf.constant(targets),
        6,
        evaluations=10,
    )
    # Batches of 2, 2 and 1; folding rounds in another place.
    loss, images = RunningTest(generator, targets, 10, batch_size=2)()
    assert_allclose(loss, np.mean(expected.losses), rtol=1e-7)
    assert_allclose(images, expected.images, rtol=1e-5)


def test_running_test_follows_training(random):
    generator = small_generator()
    test = RunningTest(generator, random.random((2, 8, 8, 3)), 5)
    before, _ = test()
    scatter(generator, seed=9)
    after, _ = test()
    assert before != after
    assert test()[0] == after

"""Gradients of the rectifiers, against TensorFlow's derived ones."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from wn_gan.layers.rectifiers import prelu, tprelu


def derived_prelu(x, slope):
    return tf.where(x < 0, slope * x, x)


def derived_tprelu(x, slope, threshold):
    return tf.where(x < threshold, slope * (x - threshold) + threshold, x)


@pytest.fixture
def values(random):
    """x, slopes and thresholds in float64, and the gradient of y."""
    x = tf.constant(random.normal(size=(3, 4, 5, 6)))
    slope = tf.constant(random.uniform(0, 1, 6))
    threshold = tf.constant(random.normal(size=6))
    return x, slope, threshold, tf.constant(random.normal(size=(3, 4, 5, 6)))


CASES = [(prelu, derived_prelu, 2), (tprelu, derived_tprelu, 3)]


@pytest.mark.parametrize("ours, derived, count", CASES)
def test_values_and_first_derivatives(values, ours, derived, count):
    """Sums of 60 products in another order: 1e-13."""
    *inputs, upstream = values
    inputs = inputs[:count]
    found = []
    for function in (ours, derived):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = function(*inputs)
        found.append([y, *tape.gradient(y, inputs, upstream)])
    for one, other in zip(*found, strict=True):
        assert np.abs(other).max() > 0.1
        assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("ours, derived, count", CASES)
def test_second_derivatives(values, ours, derived, count):
    """As R1 and WGAN-GP take them: of a squared gradient in x."""
    x, *weights, _ = values
    weights = weights[: count - 1]
    found = []
    for function in (ours, derived):
        with tf.GradientTape() as outer:
            outer.watch([x, *weights])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(function(x, *weights) ** 3)
            penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
        found.append(outer.gradient(penalty, [x, *weights]))
    for one, other in zip(*found, strict=True):
        assert np.abs(other).max() > 0.1
        assert_allclose(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_the_ends_of_the_slopes(values, slope):
    x, _, threshold, _ = values
    slopes = tf.fill([6], tf.constant(slope, tf.float64))
    expected = x if slope else tf.maximum(x, threshold)
    assert_allclose(tprelu(x, slopes, threshold), expected, rtol=1e-15)

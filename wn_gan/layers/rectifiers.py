"""Rectifiers as functions, with gradients in few passes.

TensorFlow's derived gradients of `maximum`, `relu` and broadcast sums take
several passes over the activations; these take one product and its sums. The
gradients are made of differentiable operations: second derivatives are right.
"""

import tensorflow as tf


@tf.custom_gradient
def prelu(x: tf.Tensor, slope: tf.Tensor):
    """`max(x, 0) + s * min(x, 0)` per channel.

    With g the gradient of y and h = g where x < 0, else 0:
    dx = g - (1 - s) h, ds = sum(h x).

    Args:
        x: `[..., channels]`.
        slope: s, `[channels]`, of the same dtype.

    Returns:
        A tensor of the shape of x.
    """
    y = tf.nn.relu(x) - slope * tf.nn.relu(-x)

    def gradient(upstream):
        below = upstream * tf.cast(x < 0, x.dtype)
        dx = upstream - (1 - slope) * below
        return dx, _per_channel(below * x)

    return y, gradient


@tf.custom_gradient
def tprelu(x: tf.Tensor, slope: tf.Tensor, threshold: tf.Tensor):
    """`max(x, s x + (1 - s) a)` per channel, for s in [0, 1].

    With g the gradient of y and h = g where x < a, else 0:
    dx = g - (1 - s) h, da = (1 - s) sum(h), ds = sum(h x) - a sum(h).

    Args:
        x: `[..., channels]`.
        slope: s, `[channels]`, of the same dtype, in [0, 1].
        threshold: a, `[channels]`, of the same dtype.

    Returns:
        A tensor of the shape of x.
    """
    y = tf.maximum(x, slope * x + (1 - slope) * threshold)

    def gradient(upstream):
        below = upstream * tf.cast(x < threshold, x.dtype)
        total = _per_channel(below)
        dx = upstream - (1 - slope) * below
        dslope = _per_channel(below * x) - threshold * total
        return dx, dslope, (1 - slope) * total

    return y, gradient


def _per_channel(values: tf.Tensor) -> tf.Tensor:
    """Sums over everything but the last axis."""
    return tf.reduce_sum(values, axis=list(range(values.shape.rank - 1)))

"""The numbers of one layer: norms, ranks, activations, drift."""

from collections.abc import Iterator
from typing import NamedTuple

import keras
import tensorflow as tf

from wn_gan import layers
from wn_gan.layers.kernel_layers import channel_matrix, output_axis

_SATURATED = 1 / 255


class Seen(NamedTuple):
    """A layer's inputs, outputs and earlier moving statistics."""

    inputs: tf.Tensor
    outputs: tf.Tensor
    moving: list[tf.Tensor]


def numbers_of(
    layer: keras.layers.Layer, seen: Seen, gradient: tf.Tensor | None
) -> Iterator[tuple[str, tf.Tensor]]:
    """Yields the numbers of one layer and their names, as `Diagnostics` says.

    Args:
        layer: with a kernel, a batch norm, a rectifier, or the images.
        seen: of its pass.
        gradient: of its kernel; None for a layer without one.
    """
    if gradient is not None:
        yield from _of_kernel(layer, gradient)
    elif isinstance(layer, layers.BatchNorm):
        yield from _of_batch_norm(layer, seen)
    elif isinstance(layer, layers.PReLU | layers.TPReLU):
        yield from _of_rectifier(layer, seen)
    else:
        yield from _moments(seen.outputs)
        near = tf.abs(seen.outputs - 0.5) > 0.5 - _SATURATED
        yield "saturated", _share(near)


def _of_kernel(layer, gradient) -> Iterator[tuple[str, tf.Tensor]]:
    v, applied = tf.convert_to_tensor(layer.kernel), layer.kernel
    if isinstance(layer, layers.KernelLayer):
        applied = layer.normalized_kernel()
    v, gradient, applied = (
        channel_matrix(x, output_axis(layer))
        for x in (v, gradient, tf.convert_to_tensor(applied))
    )
    norms = tf.norm(v, axis=1)
    product = tf.reduce_sum(v * gradient, axis=1)
    cosine = tf.math.divide_no_nan(product, norms * tf.norm(gradient, axis=1))
    yield "v_norm", tf.reduce_mean(norms)
    yield "cos_gradient_v", tf.reduce_mean(tf.abs(cosine))
    singular_values = tf.linalg.svd(applied, compute_uv=False)
    yield "singular_values", singular_values
    yield "effective_rank", effective_rank(singular_values)


def _of_rectifier(layer, seen) -> Iterator[tuple[str, tf.Tensor]]:
    yield from _moments(seen.outputs)
    inputs = seen.inputs
    thresholds = getattr(layer, "threshold", 0.0)
    below = inputs < tf.cast(thresholds, inputs.dtype)
    axes = list(range(inputs.shape.rank - 1))
    yield "saturated", _share(tf.reduce_all(below, axes))
    for name in layer.initial_values:
        yield name, tf.convert_to_tensor(getattr(layer, name))


def _of_batch_norm(layer, seen) -> Iterator[tuple[str, tf.Tensor]]:
    moving_mean, *moving_variance = seen.moving
    inputs = tf.cast(seen.inputs, moving_mean.dtype)
    mean, variance = tf.nn.moments(inputs, list(range(inputs.shape.rank - 1)))
    variance += layer.epsilon
    distance = tf.abs(moving_mean - mean) / tf.sqrt(variance)
    yield "mean_drift", tf.reduce_mean(distance)
    for moving in moving_variance:
        ratio = (moving + layer.epsilon) / variance
        yield "variance_drift", tf.reduce_mean(tf.abs(tf.math.log(ratio)))


def _moments(outputs: tf.Tensor) -> Iterator[tuple[str, tf.Tensor]]:
    wide = (
        outputs if outputs.dtype == tf.float64 else tf.cast(outputs, tf.float32)
    )
    yield "mean", tf.reduce_mean(wide)
    yield "variance", tf.math.reduce_variance(wide)


def _share(condition: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(condition, tf.float32))


def effective_rank(singular_values: tf.Tensor) -> tf.Tensor:
    """Exponential of the entropy of singular values, scaled to sum to 1.

    It ranges from 1 to n; it is n if all values are equal.

    Args:
        singular_values: `[n]`, not negative, not all 0.

    Reference: Roy & Vetterli 2007, The effective rank, EUSIPCO.
    """
    shares = singular_values / tf.reduce_sum(singular_values)
    return tf.exp(-tf.reduce_sum(tf.math.xlogy(shares, shares)))

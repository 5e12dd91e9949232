"""Weight-normalized layers, strict and affine (Xiang & Li 2017, section 3).

A strict layer divides each output channel by the norm of its kernel and has
neither gain nor bias; an affine layer adds both. Only the kernel is touched
(a few thousand numbers), never the output (millions): the same mathematics
at a fraction of the cost.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from wn_gan import stack
from wn_gan.layers.initializers import fan_in_uniform

EPSILON = 1e-6


def normalize_kernel(
    kernel: tf.Tensor,
    axes: Sequence[int],
    epsilon: float = EPSILON,
    overlap: float = 1.0,
) -> tf.Tensor:
    """The kernel over its norm, per output channel.

    `w / sqrt(sum(w^2) / overlap + epsilon)`.

    Args:
        kernel: any float tensor.
        axes: every axis but the output channel's.
        epsilon: added inside the root, as the authors do.
        overlap: stride^2 for a transposed convolution, where each output
            pixel sees only one in stride^2 of the kernel's entries; else 1.

    Returns:
        A tensor of the kernel's shape and dtype.
    """
    squared = tf.reduce_sum(tf.square(kernel), axes, keepdims=True)
    return kernel / tf.sqrt(squared / overlap + epsilon)


class WeightNorm(keras.layers.Layer):
    """What the three layers share: kernel, optional gain and bias.

    A subclass gives the kernel's shape and axes in `build` and applies the
    result of `normalized_kernel` in `call`.
    """

    def __init__(
        self,
        affine: bool = False,
        epsilon: float = EPSILON,
        kernel_initializer: Any = None,
        **kwargs: Any,
    ):
        """See the subclasses."""
        super().__init__(**kwargs)
        self.affine = affine
        self.epsilon = epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def _add_weights(
        self,
        kernel_shape: Sequence[int],
        output_axis: int,
        overlap: float = 1.0,
    ) -> None:
        channels = kernel_shape[output_axis]
        fan_in = math.prod(kernel_shape) // channels
        rank = len(kernel_shape)
        self._norm_axes = [i for i in range(rank) if i != output_axis % rank]
        self._overlap = overlap
        self._gain_shape = [1] * rank
        self._gain_shape[output_axis] = channels
        self.kernel = stack.add_float32_weight(
            self,
            name="kernel",
            shape=tuple(kernel_shape),
            initializer=self.kernel_initializer or fan_in_uniform(fan_in),
        )
        if self.affine:
            self.gain = stack.add_float32_weight(
                self, name="gain", shape=(channels,), initializer="ones"
            )
            self.bias = stack.add_float32_weight(
                self, name="bias", shape=(channels,), initializer="zeros"
            )
        self.built = True

    def normalized_kernel(self) -> tf.Tensor:
        """The kernel that is applied, gain included, in the variable dtype."""
        kernel = normalize_kernel(
            tf.convert_to_tensor(self.kernel),
            self._norm_axes,
            self.epsilon,
            self._overlap,
        )
        if self.affine:
            kernel *= tf.reshape(self.gain, self._gain_shape)
        return kernel

    def _compute_kernel(self) -> tf.Tensor:
        return tf.cast(self.normalized_kernel(), self.compute_dtype)

    def _add_bias(self, outputs: tf.Tensor) -> tf.Tensor:
        if not self.affine:
            return outputs
        return tf.nn.bias_add(outputs, tf.cast(self.bias, outputs.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        initializer = self.kernel_initializer
        return super().get_config() | {
            "affine": self.affine,
            "epsilon": self.epsilon,
            "kernel_initializer": initializer
            and keras.initializers.serialize(initializer),
        }


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormDense(WeightNorm):
    """Weight-normalized fully connected layer.

    Strict: `y = x . w / ||w||`; affine: `y = gain * x . w / ||w|| + bias`,
    with `||w|| = sqrt(sum(w^2) + epsilon)` over the input axis.

    Args:
        units: number of outputs.
        affine: whether to add a gain (initially 1) and a bias (0) per unit.
        epsilon: added inside the root.
        kernel_initializer: default U(+-1/sqrt(inputs)).
        **kwargs: as for `keras.layers.Layer`.

    Input shape: `[batch, inputs]`, float.

    Output shape: `[batch, units]`, in the layer's compute dtype.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    def __init__(self, units: int, **kwargs: Any):
        """See the class."""
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):  # noqa: D102
        self._add_weights((input_shape[-1], self.units), output_axis=-1)

    def call(self, inputs):  # noqa: D102
        return self._add_bias(tf.matmul(inputs, self._compute_kernel()))

    def compute_output_shape(self, input_shape):  # noqa: D102
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"units": self.units}

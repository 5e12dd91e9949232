"""Weight-normalized layers, strict and affine (Xiang & Li 2017, section 3).

A strict layer divides each output channel by the norm of its kernel and has
neither gain nor bias; an affine layer adds both.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from wn_gan.layers.kernel_layers import (
    Conv2DKernel,
    Conv2DTransposeKernel,
    DenseKernel,
    KernelLayer,
)

WEIGHT_NORM_EPSILON = 1e-6


def safe_sqrt(squared: tf.Tensor) -> tf.Tensor:
    """Returns the square root; its gradient at 0 is 0, not infinite.

    Args:
        squared: any non-negative float tensor.
    """
    positive = squared > 0
    root = tf.sqrt(tf.where(positive, squared, tf.ones_like(squared)))
    return tf.where(positive, root, tf.zeros_like(squared))


def normalize_kernel(
    kernel: tf.Tensor,
    axes: Sequence[int],
    epsilon: float = WEIGHT_NORM_EPSILON,
    overlap: float = 1.0,
    epsilon_outside: bool = False,
) -> tf.Tensor:
    """Divides a kernel by its norm per output channel.

    `w / sqrt(sum(w^2) / overlap + epsilon)`, as in the authors' DCGAN; or
    `w / (sqrt(sum(w^2) / overlap) + epsilon)`, as in their ResNet.

    Args:
        kernel: any float tensor.
        axes: every axis but the output channel's.
        epsilon: added inside the root, or to the root.
        overlap: stride^2 for a transposed convolution, where each output
            pixel sees only one in stride^2 of the kernel's entries; else 1.
        epsilon_outside: whether epsilon is added to the root.

    Returns:
        A tensor of the kernel's shape and dtype.
    """
    squared = tf.reduce_sum(tf.square(kernel), axes, keepdims=True) / overlap
    if epsilon_outside:
        return kernel / (safe_sqrt(squared) + epsilon)
    return _divided_by_norm(kernel, axes, epsilon, overlap)


def _divided_by_norm(
    kernel: tf.Tensor, axes: Sequence[int], epsilon: float, overlap: float
) -> tf.Tensor:
    """`r w` with `r = 1 / sqrt(sum(w^2) / overlap + epsilon)`.

    The gradient is written out, because TensorFlow's own takes twice as many
    passes over the kernel. With g the gradient of v = r w:
    dw = r (g - v sum(g v) / overlap). It is made of differentiable operations
    on w: second derivatives are right.
    """

    @tf.custom_gradient
    def divide(kernel):
        squared = tf.reduce_sum(tf.square(kernel), axes, keepdims=True)
        inverse = tf.math.rsqrt(squared / overlap + epsilon)
        divided = kernel * inverse

        def gradient(upstream):
            along = tf.reduce_sum(upstream * divided, axes, keepdims=True)
            return inverse * (upstream - divided * (along / overlap))

        return divided, gradient

    return divide(kernel)


class WeightNorm(KernelLayer):
    """Computes the normalized kernel of the three layers below."""

    def __init__(
        self,
        *args: Any,
        affine: bool = False,
        epsilon: float = WEIGHT_NORM_EPSILON,
        epsilon_outside: bool = False,
        **kw: Any,
    ):
        super().__init__(*args, **kw)
        self.affine = affine
        self.epsilon = epsilon
        self.epsilon_outside = epsilon_outside

    @property
    def has_gain(self) -> bool:
        """Whether the layer is affine."""
        return self.affine

    has_bias = has_gain

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """Returns the applied kernel with its gain, in the variable dtype."""
        axes = list(range(self.kernel.shape.rank))
        axes.remove(self.output_axis)
        kernel = normalize_kernel(
            tf.convert_to_tensor(self.kernel),
            axes,
            self.epsilon,
            self.overlap,
            self.epsilon_outside,
        )
        return kernel * self.per_channel(self.gain) if self.affine else kernel

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "affine": self.affine,
            "epsilon": self.epsilon,
            "epsilon_outside": self.epsilon_outside,
        }


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormDense(WeightNorm, DenseKernel):
    """Weight-normalized fully connected layer.

    Strict: `y = x . w / ||w||`; affine: `y = gain * x . w / ||w|| + bias`,
    with `||w|| = sqrt(sum(w^2) + epsilon)` over the input axis.

    Args:
        units: number of outputs.
        affine: whether to add a gain (initially 1) and a bias (0) per unit.
        epsilon: added inside the root, or to the root.
        epsilon_outside: whether epsilon is added to the root.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, inputs]`, float.

    Output shape: `[batch, units]`, in the layer's compute dtype.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormConv2D(WeightNorm, Conv2DKernel):
    """Weight-normalized 2D convolution.

    Strict: `y = conv(x, w / ||w||)`; affine:
    `y = gain * conv(x, w / ||w||) + bias`. The kernel is HWIO and the norm
    runs over its axes 0, 1 and 2 (the paper's layout is OIHW with the norm
    over 1, 2 and 3).

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" or "valid", as in Keras.
        **kwargs: `affine`, `epsilon` and `epsilon_outside` as for
            `WeightNormDense`, and those of `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for an unknown padding.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormConv2DTranspose(WeightNorm, Conv2DTransposeKernel):
    """Weight-normalized transposed 2D convolution.

    `y = conv_transpose(x, w / ||w||)` with
    `||w|| = sqrt(sum(w^2) / stride^2 + epsilon)`: each output pixel sees only
    one in stride^2 of the kernel's entries. The kernel is **HWOI** and the
    norm runs over its axes 0, 1 and 3 (the paper's layout is IOHW with the
    norm over 0, 2 and 3).

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" (output = input * strides) or "valid", as in Keras.
        **kwargs: `affine`, `epsilon` and `epsilon_outside` as for
            `WeightNormDense`, and those of `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for an unknown padding.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

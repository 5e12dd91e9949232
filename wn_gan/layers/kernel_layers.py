"""Linear layers with a reparametrized kernel.

A layer combines two classes. One computes the applied kernel from the trained
one (`weight_norm`, `spectral_norm`); the other applies it (the three classes
here). The normalization acts on the kernel (a few thousand numbers), never on
the output (millions).
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.layers.initializers import fan_in_uniform


class KernelLayer(keras.layers.Layer):
    """Base class: kernel, optional gain and bias.

    A subclass that computes the kernel defines `has_gain`, `has_bias` and
    `normalized_kernel`. A subclass that applies it defines `build`,
    `apply_kernel` and `output_axis`, the kernel's axis of output channels.

    Args:
        kernel_initializer: default U(+-1/sqrt(fan-in)).
        bias_initializer: default zeros.
        **kwargs: as for `keras.layers.Layer`.
    """

    output_axis: int

    def __init__(
        self,
        kernel_initializer: Any = None,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def add_weights(
        self, kernel_shape: Sequence[int], overlap: float = 1.0
    ) -> None:
        """Adds kernel, gain and bias.

        Args:
            kernel_shape: shape of the kernel.
            overlap: number of output positions that the kernel's entries are
                divided among: stride^2 for a transposed convolution, else 1.
        """
        channels = kernel_shape[self.output_axis]
        fan_in = math.prod(kernel_shape) // channels
        self.overlap = overlap
        self.kernel = keras_compat.add_float32_weight(
            self,
            name="kernel",
            shape=tuple(kernel_shape),
            initializer=self.kernel_initializer or fan_in_uniform(fan_in),
        )
        if self.has_gain:
            self.gain = keras_compat.add_float32_weight(
                self, name="gain", shape=(channels,), initializer="ones"
            )
        if self.has_bias:
            self.bias = keras_compat.add_float32_weight(
                self,
                name="bias",
                shape=(channels,),
                initializer=self.bias_initializer,
            )
        self.built = True

    def per_channel(self, values: tf.Tensor) -> tf.Tensor:
        """Reshapes `[channels]` to broadcast against the kernel."""
        return along_axis(values, self.output_axis, len(self.kernel.shape))

    def call(self, inputs, training=False):
        kernel = self.normalized_kernel(training)
        outputs = self.apply_kernel(inputs, tf.cast(kernel, self.compute_dtype))
        if not self.has_bias:
            return outputs
        return tf.nn.bias_add(outputs, tf.cast(self.bias, outputs.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        initializers = {
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }
        return super().get_config() | {
            name: initializer and keras.initializers.serialize(initializer)
            for name, initializer in initializers.items()
        }


class DenseKernel(KernelLayer):
    """Applies a kernel `[inputs, units]` to `[batch, inputs]`."""

    output_axis = 1

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.add_weights((input_shape[-1], self.units))

    def apply_kernel(self, inputs, kernel):
        return tf.matmul(inputs, kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"units": self.units}


class _ConvKernel(KernelLayer):
    """Arguments and checks shared by the two convolutions."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int = 1,
        padding: str = "same",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if padding not in ("same", "valid"):
            raise ValueError(
                f"padding must be 'same' or 'valid', got {padding!r}"
            )
        if isinstance(kernel_size, int):
            kernel_size = (kernel_size, kernel_size)
        self.filters = filters
        self.kernel_size = tuple(kernel_size)
        self.strides = strides
        self.padding = padding

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        height, width = (
            size and self._output_size(size, kernel)
            for size, kernel in zip(
                (height, width), self.kernel_size, strict=True
            )
        )
        return (batch, height, width, self.filters)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }


class Conv2DKernel(_ConvKernel):
    """Applies a kernel as a convolution; layout HWIO."""

    output_axis = 3

    def build(self, input_shape):
        self.add_weights((*self.kernel_size, input_shape[-1], self.filters))

    def apply_kernel(self, inputs, kernel):
        return tf.nn.conv2d(
            inputs, kernel, strides=self.strides, padding=self.padding.upper()
        )

    def _output_size(self, size, kernel):
        if self.padding == "valid":
            size -= kernel - 1
        return -(-size // self.strides)


class Conv2DTransposeKernel(_ConvKernel):
    """Applies a kernel as a transposed convolution; layout **HWOI**."""

    output_axis = 2

    def build(self, input_shape):
        self.add_weights(
            (*self.kernel_size, self.filters, input_shape[-1]),
            overlap=self.strides**2,
        )

    def apply_kernel(self, inputs, kernel):
        output_shape = self.compute_output_shape(inputs.shape)
        return tf.nn.conv2d_transpose(
            inputs,
            kernel,
            (tf.shape(inputs)[0], *output_shape[1:]),
            strides=self.strides,
            padding=self.padding.upper(),
        )

    def _output_size(self, size, kernel):
        extra = max(kernel - self.strides, 0)
        return size * self.strides + (self.padding == "valid") * extra


def output_axis(layer: keras.layers.Layer) -> int:
    """Returns the kernel's axis of output channels, non-negative.

    Args:
        layer: a `KernelLayer`, or Keras' `Dense`, `Conv2D` or
            `Conv2DTranspose`.
    """
    if isinstance(layer, KernelLayer):
        return layer.output_axis
    rank = len(layer.kernel.shape)
    transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    return rank - 2 if transposed else rank - 1


def along_axis(values: tf.Tensor, axis: int, rank: int) -> tf.Tensor:
    """Reshapes a vector to broadcast along one axis.

    Args:
        values: `[n]`.
        axis: the vector's axis in the result, non-negative.
        rank: rank of the result.
    """
    shape = [1] * rank
    shape[axis] = -1
    return tf.reshape(values, shape)


def channel_matrix(kernel: tf.Tensor, axis: int) -> tf.Tensor:
    """Reshapes a kernel to `[output channels, everything else]`.

    Args:
        kernel: a tensor of any rank.
        axis: axis of the output channels, non-negative.
    """
    axes = [other for other in range(kernel.shape.rank) if other != axis]
    kernel = tf.transpose(kernel, [axis, *axes])
    return tf.reshape(kernel, [kernel.shape[0], -1])

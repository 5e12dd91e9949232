"""Weight-normalized convolutions, plain and transposed."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from wn_gan.layers.weight_norm import WeightNorm


class _WeightNormConv(WeightNorm):
    """What the two convolutions share: their arguments and the checks."""

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


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormConv2D(_WeightNormConv):
    """Weight-normalized 2D convolution.

    `y = conv(x, w / ||w||)`, affine: `y = gain * conv(x, w / ||w||) + bias`.
    The kernel is HWIO and the norm runs over its axes 0, 1 and 2 (the paper's
    layout is OIHW with the norm over 1, 2 and 3).

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" or "valid", as in Keras.
        **kwargs: `affine`, `epsilon`, `kernel_initializer` as for
            `WeightNormDense`, and what `keras.layers.Layer` takes.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for another padding.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    def build(self, input_shape):  # noqa: D102
        self._add_weights(
            (*self.kernel_size, input_shape[-1], self.filters), output_axis=3
        )

    def call(self, inputs):  # noqa: D102
        outputs = tf.nn.conv2d(
            inputs,
            self._compute_kernel(),
            strides=self.strides,
            padding=self.padding.upper(),
        )
        return self._add_bias(outputs)

    def _output_size(self, size, kernel):
        if self.padding == "valid":
            size -= kernel - 1
        return -(-size // self.strides)


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormConv2DTranspose(_WeightNormConv):
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
        **kwargs: `affine`, `epsilon`, `kernel_initializer` as for
            `WeightNormDense`, and what `keras.layers.Layer` takes.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for another padding.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    def build(self, input_shape):  # noqa: D102
        self._add_weights(
            (*self.kernel_size, self.filters, input_shape[-1]),
            output_axis=2,
            overlap=self.strides**2,
        )

    def call(self, inputs):  # noqa: D102
        output_shape = self.compute_output_shape(inputs.shape)
        outputs = tf.nn.conv2d_transpose(
            inputs,
            self._compute_kernel(),
            (tf.shape(inputs)[0], *output_shape[1:]),
            strides=self.strides,
            padding=self.padding.upper(),
        )
        return self._add_bias(outputs)

    def _output_size(self, size, kernel):
        extra = max(kernel - self.strides, 0)
        return size * self.strides + (self.padding == "valid") * extra

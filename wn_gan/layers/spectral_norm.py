"""Spectrally normalized layers (Miyato et al. 2018).

Keras' own `SpectralNormalization` assigns to the kernel that is trained;
these leave it alone and compute what is applied, as weight norm does.
"""

import keras
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.layers.kernel_layers import (
    Conv2DKernel,
    Conv2DTransposeKernel,
    DenseKernel,
    KernelLayer,
    channel_matrix,
)


class SpectralNorm(KernelLayer):
    """The choice of kernel of the three layers below.

    The kernel over its largest singular value, as a matrix of output
    channels by everything else. The singular value is followed by power
    iteration: each forward pass **in training** moves the vector `u` one
    iteration on (a documented update, like batch norm's moving statistics);
    in inference `u` stays as it is.
    """

    has_gain = False
    has_bias = True

    def add_weights(self, kernel_shape, overlap=1.0):
        super().add_weights(kernel_shape, overlap)
        self.u = keras_compat.add_statistic(
            self,
            name="u",
            shape=(kernel_shape[self.output_axis],),
            initializer=keras.initializers.RandomNormal(),
        )

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """The kernel that is applied, in the variable dtype."""
        kernel = tf.convert_to_tensor(self.kernel)
        matrix = channel_matrix(kernel, self.output_axis)
        fixed = tf.stop_gradient(matrix)
        u = tf.math.l2_normalize(tf.convert_to_tensor(self.u))
        v = tf.math.l2_normalize(tf.linalg.matvec(fixed, u, transpose_a=True))
        if training:
            u = tf.math.l2_normalize(tf.linalg.matvec(fixed, v))
            self.u.assign(u)
        sigma = tf.tensordot(u, tf.linalg.matvec(matrix, v), 1)
        return kernel / sigma


@keras.saving.register_keras_serializable(package="wn_gan")
class SpectralNormDense(SpectralNorm, DenseKernel):
    """Spectrally normalized fully connected layer: `y = x . w / s + bias`.

    s is the largest singular value of w; see `SpectralNorm`.

    Args:
        units: number of outputs.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, inputs]`, float.

    Output shape: `[batch, units]`.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equation 8.
    """


@keras.saving.register_keras_serializable(package="wn_gan")
class SpectralNormConv2D(SpectralNorm, Conv2DKernel):
    """Spectrally normalized convolution: `y = conv(x, w / s) + bias`.

    s is the largest singular value of w as a matrix of output channels by
    everything else (not of the convolution as a map); see `SpectralNorm`.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" or "valid", as in Keras.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equation 8.
    """


@keras.saving.register_keras_serializable(package="wn_gan")
class SpectralNormConv2DTranspose(SpectralNorm, Conv2DTransposeKernel):
    """Spectrally normalized transposed convolution.

    `y = conv_transpose(x, w / s) + bias`; the kernel is HWOI. s as for
    `SpectralNormConv2D`.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" (output = input * strides) or "valid", as in Keras.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equation 8.
    """

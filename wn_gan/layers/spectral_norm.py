"""Spectrally normalized layers (Miyato et al. 2018).

Keras' `SpectralNormalization` overwrites the trained kernel. These layers keep
it and compute the applied kernel from it, as weight norm does.
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
    """Divides the kernel by its largest singular value.

    The singular value is that of the kernel as a matrix `[output channels,
    everything else]`, estimated by power iteration. Each forward pass **in
    training** updates the vector `u` by one iteration, as batch norm updates
    its moving statistics. Inference does not change `u`.
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

    def converge(self) -> None:
        """Sets `u` to what many iterations on this kernel would give."""
        matrix = channel_matrix(
            tf.convert_to_tensor(self.kernel), self.output_axis
        )
        # The leading eigenvector; the values come in rising order.
        _, vectors = tf.linalg.eigh(tf.matmul(matrix, matrix, transpose_b=True))
        self.u.assign(vectors[:, -1])

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """Returns the applied kernel, in the variable dtype."""
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

    s is the largest singular value of w as a matrix `[output channels,
    everything else]`, not of the convolution itself; see `SpectralNorm`.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" or "valid", as in Keras.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for an unknown padding.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equation 8.
    """


@keras.saving.register_keras_serializable(package="wn_gan")
class SpectralNormConv2DTranspose(SpectralNorm, Conv2DTransposeKernel):
    """Spectrally normalized transposed convolution.

    `y = conv_transpose(x, w / s) + bias`; the kernel is HWOI. s is
    that of `SpectralNormConv2D`.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one integer for both.
        strides: one integer for both axes.
        padding: "same" (output = input * strides) or "valid", as in Keras.
        **kwargs: as for `KernelLayer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: `[batch, new_height, new_width, filters]`.

    Raises:
        ValueError: for an unknown padding.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equation 8.
    """

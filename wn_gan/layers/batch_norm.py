"""Batch normalization with the statistics of the authors' framework."""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import stack


@keras.saving.register_keras_serializable(package="wn_gan")
class BatchNorm(keras.layers.Layer):
    """Batch normalization over all axes but the last.

    Training: `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta` with
    the batch's biased variance; inference: with the moving statistics.
    Unlike Keras 3's layer the moving variance is fed the *unbiased* batch
    variance, as in the authors' framework (and in Keras 2), so the same
    source gives the same statistics on both; the defaults are the authors'.

    Args:
        momentum: weight of the old moving statistics in an update.
        epsilon: added to the variance inside the root.
        **kwargs: as for `keras.layers.Layer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: that of the input.

    Reference: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """

    def __init__(
        self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any
    ):
        """See the class."""
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):  # noqa: D102
        def add(name, initializer, trainable):
            return stack.add_float32_weight(
                self,
                name=name,
                shape=(input_shape[-1],),
                initializer=initializer,
                trainable=trainable,
            )

        self.gamma = add("gamma", "ones", True)
        self.beta = add("beta", "zeros", True)
        self.moving_mean = add("moving_mean", "zeros", False)
        self.moving_variance = add("moving_variance", "ones", False)
        self.built = True

    def call(self, inputs, training=False):  # noqa: D102
        if not training:
            return self._scale(inputs, self.moving_mean, self.moving_variance)
        if inputs.dtype == tf.float64:
            outputs, mean, variance = self._float64_training(inputs)
        else:
            outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=tf.convert_to_tensor(self.gamma),
                offset=tf.convert_to_tensor(self.beta),
                mean=tf.zeros([0]),
                variance=tf.zeros([0]),
                epsilon=self.epsilon,
                is_training=True,
            )
        self._update(self.moving_mean, mean)
        self._update(self.moving_variance, variance)
        return outputs

    def _float64_training(self, inputs):
        """The same as the fused kernel, which has no float64."""
        axes = list(range(inputs.shape.rank - 1))
        mean, variance = tf.nn.moments(inputs, axes)
        size = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float64)
        unbiased = variance * size / tf.maximum(size - 1, 1)
        return self._scale(inputs, mean, variance), mean, unbiased

    def _scale(self, inputs, mean, variance):
        gain = self.gamma / tf.sqrt(variance + self.epsilon)
        offset = self.beta - mean * gain
        gain, offset = (tf.cast(v, inputs.dtype) for v in (gain, offset))
        return inputs * gain + offset

    def _update(self, moving, value):
        moving.assign(moving * self.momentum + value * (1 - self.momentum))

    def compute_output_shape(self, input_shape):  # noqa: D102
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }

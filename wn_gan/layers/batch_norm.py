"""Batch normalization with the statistics of the authors' framework."""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat


@keras.saving.register_keras_serializable(package="wn_gan")
class BatchNorm(keras.layers.Layer):
    """Batch normalization over all axes but the last.

    `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`. Training uses
    the batch's mean and biased variance, inference the moving statistics.
    With `trainable = False` the layer is always in inference mode, as in
    Keras. The moving variance averages the *unbiased* batch variance, as in
    the authors' framework and in Keras 2, but not in Keras 3. The defaults
    are the authors'.

    Args:
        momentum: weight of the old moving statistics in an update.
        epsilon: added to the variance inside the root.
        synchronized: whether statistics are of the global batch, not of each
            replica's part.
        **kwargs: as for `keras.layers.Layer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: that of the input.

    Reference: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.synchronized = synchronized
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = input_shape[-1]
        self.gamma = self._add("gamma", channels, "ones")
        self.beta = self._add("beta", channels, "zeros")
        self.moving_mean = self._add_moving("mean", channels, "zeros")
        self.moving_variance = self._add_moving("variance", channels, "ones")
        self.built = True

    def _add(self, name, channels, initializer):
        return keras_compat.add_float32_weight(
            self, name=name, shape=(channels,), initializer=initializer
        )

    def _add_moving(self, name, channels, initializer):
        return keras_compat.add_statistic(
            self,
            name=f"moving_{name}",
            shape=(channels,),
            initializer=initializer,
        )

    def inference_affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns inference's gain and offset, `[channels]` each."""
        return self._affine(self.moving_mean, self.moving_variance)

    def call(self, inputs, training=False):
        if not (training and self.trainable):
            return _apply(inputs, *self.inference_affine())
        if inputs.dtype == tf.float64 or self._replicas() > 1:
            outputs, mean, variance = self._plain_training(inputs)
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

    def _replicas(self) -> int:
        """Number of replicas that share statistics; 1 outside a step."""
        replica = tf.distribute.get_replica_context()
        if not self.synchronized or replica is None:
            return 1
        return replica.num_replicas_in_sync

    def _plain_training(self, inputs):
        """Does the work of the fused kernel for float64 or several replicas."""
        wide = tf.cast(inputs, self.gamma.dtype)
        axes = list(range(inputs.shape.rank - 1))
        mean = self._mean(wide, axes)
        variance = self._mean(tf.math.squared_difference(wide, mean), axes)
        size = tf.size(inputs, tf.int64) * self._replicas() // inputs.shape[-1]
        size = tf.cast(size, wide.dtype)
        unbiased = variance * size / tf.maximum(size - 1, 1)
        outputs = _apply(inputs, *self._affine(mean, variance))
        return outputs, mean, unbiased

    def _mean(self, values, axes):
        """Mean over this replica's batch, or over the global batch."""
        mean = tf.reduce_mean(values, axes)
        if self._replicas() == 1:
            return mean
        replica = tf.distribute.get_replica_context()
        return replica.all_reduce(tf.distribute.ReduceOp.MEAN, mean)

    def _affine(self, mean, variance):
        gain = self.gamma / tf.sqrt(variance + self.epsilon)
        return gain, self.beta - mean * gain

    def _update(self, moving, value):
        moving.assign(moving * self.momentum + value * (1 - self.momentum))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "synchronized": self.synchronized,
        }


def _apply(inputs, gain, offset):
    gain, offset = (tf.cast(v, inputs.dtype) for v in (gain, offset))
    return inputs * gain + offset


@keras.saving.register_keras_serializable(package="wn_gan")
class MeanOnlyBatchNorm(BatchNorm):
    """Batch normalization of the mean only, for weight-normalized layers.

    `y = x - mean + beta`. Training uses the batch's mean, inference the
    moving mean. Weight norm controls the scale.

    Args:
        momentum: weight of the old moving mean in an update.
        epsilon: not used.
        synchronized: as for `BatchNorm`.
        **kwargs: as for `keras.layers.Layer`.

    Input shape: `[batch, height, width, channels]`, float.

    Output shape: that of the input.

    Reference: Salimans & Kingma 2016, arXiv:1602.07868, section 4.
    """

    def build(self, input_shape):
        self.beta = self._add("beta", input_shape[-1], "zeros")
        self.moving_mean = self._add_moving("mean", input_shape[-1], "zeros")
        self.built = True

    def inference_affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns inference's gain and offset, `[channels]` each."""
        offset = self.beta - self.moving_mean
        return tf.ones_like(offset), offset

    def call(self, inputs, training=False):
        if not (training and self.trainable):
            return _apply(inputs, *self.inference_affine())
        wide = tf.cast(inputs, self.moving_mean.dtype)
        mean = self._mean(wide, list(range(inputs.shape.rank - 1)))
        self._update(self.moving_mean, mean)
        return inputs + tf.cast(self.beta - mean, inputs.dtype)

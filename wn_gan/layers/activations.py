"""Rectifiers with one learned threshold or slope per channel."""

from typing import Any

import keras
import tensorflow as tf


class _ChannelActivation(keras.layers.Layer):
    """Adds one weight per entry of the last axis, under the names given."""

    initial_values: dict[str, float]

    def build(self, input_shape):
        for name in self.initial_values:
            weight = self.add_weight(
                name=name,
                shape=(input_shape[-1],),
                initializer=keras.initializers.Constant(
                    self.initial_values[name]
                ),
            )
            setattr(self, name, weight)
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="wn_gan")
class TReLU(_ChannelActivation):
    """Translated ReLU: `y = max(x, a)`, the threshold `a` learned, from 0.

    A strict weight-normalized layer has no bias; the threshold takes over
    the bias's part.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    initial_values = {"threshold": 0.0}

    def call(self, inputs):
        return tf.maximum(inputs, tf.cast(self.threshold, inputs.dtype))


@keras.saving.register_keras_serializable(package="wn_gan")
class PReLU(_ChannelActivation):
    """Parametric ReLU: `y = max(x, 0) + s * min(x, 0)`, the slope from 0.25.

    Unlike `keras.layers.PReLU` it has one slope per channel for any size of
    image.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: He et al. 2015, arXiv:1502.01852, equation 1.
    """

    initial_values = {"slope": 0.25}

    def call(self, inputs):
        slope = tf.cast(self.slope, inputs.dtype)
        return tf.nn.relu(inputs) - slope * tf.nn.relu(-inputs)


@keras.saving.register_keras_serializable(package="wn_gan")
class TPReLU(_ChannelActivation):
    """Translated parametric ReLU: `y = PReLU(x - a) + a`.

    The slope `s` (from 0.25) is clipped to [0, 1], where the formula equals
    `max(x, s * x + (1 - s) * a)`: one pass over the activations less. The
    threshold `a` starts at 0.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    initial_values = {"slope": 0.25, "threshold": 0.0}

    def call(self, inputs: Any) -> Any:
        slope = tf.clip_by_value(tf.cast(self.slope, inputs.dtype), 0, 1)
        threshold = tf.cast(self.threshold, inputs.dtype)
        return tf.maximum(inputs, slope * inputs + (1 - slope) * threshold)

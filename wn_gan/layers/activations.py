"""Rectifiers with one learned threshold or slope per channel."""

from typing import Any

import keras
import tensorflow as tf

from wn_gan.layers.rectifiers import prelu, tprelu


class _ChannelActivation(keras.layers.Layer):
    """Base layer: adds one weight per channel for each initial value."""

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
    """Translated ReLU: `y = max(x, a)` with a learned threshold `a`.

    The threshold starts at 0. It replaces the bias, which a strict
    weight-normalized layer does not have.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    initial_values = {"threshold": 0.0}

    def call(self, inputs):
        return tf.maximum(inputs, tf.cast(self.threshold, inputs.dtype))


@keras.saving.register_keras_serializable(package="wn_gan")
class PReLU(_ChannelActivation):
    """Parametric ReLU: `y = max(x, 0) + s * min(x, 0)`.

    The slope `s` is learned and starts at 0.25. Unlike `keras.layers.PReLU`
    the layer has one slope per channel for any image size.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: He et al. 2015, arXiv:1502.01852, equation 1.
    """

    initial_values = {"slope": 0.25}

    def call(self, inputs):
        return prelu(inputs, tf.cast(self.slope, inputs.dtype))


@keras.saving.register_keras_serializable(package="wn_gan")
class TPReLU(_ChannelActivation):
    """Translated parametric ReLU: `y = PReLU(x - a) + a`.

    The slope `s` starts at 0.25, the threshold `a` at 0. The slope is clipped
    to [0, 1]: there the formula equals `max(x, s * x + (1 - s) * a)`, which
    saves one pass over the activations.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section 3.
    """

    initial_values = {"slope": 0.25, "threshold": 0.0}

    def call(self, inputs: Any) -> Any:
        slope = tf.clip_by_value(tf.cast(self.slope, inputs.dtype), 0, 1)
        return tprelu(inputs, slope, tf.cast(self.threshold, inputs.dtype))

"""Addition of a residual block's branches; per-channel affine layer."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.layers.weight_norm import safe_sqrt

ADDITION_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="wn_gan")
class WeightNormAdd(keras.layers.Layer):
    """Weight-normalized addition of a residue r and a shortcut s.

    `y = (w1 * r + w2 * s) / ||(w1, w2)||` per channel, with
    `||w|| = sqrt(w1^2 + w2^2) + epsilon`. Initially `w = (0, 1)`: each
    block starts as its shortcut.

    Args:
        epsilon: added to the norm.
        **kwargs: as for `keras.layers.Layer`.

    Input shape: a list of two, `[batch, height, width, channels]` each: the
        residue, then the shortcut.

    Output shape: that of each input.

    Reference: Xiang & Li 2017, arXiv:1704.03971, section on residual nets.
    """

    def __init__(self, epsilon: float = ADDITION_EPSILON, **kwargs: Any):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self.residue_weight, self.shortcut_weight = (
            keras_compat.add_float32_weight(
                self, name=name, shape=(channels,), initializer=initial
            )
            for name, initial in (
                ("residue_weight", "zeros"),
                ("shortcut_weight", "ones"),
            )
        )
        self.built = True

    def normalized_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the factors of residue and shortcut, `[channels]` each."""
        first, second = (
            tf.convert_to_tensor(weight)
            for weight in (self.residue_weight, self.shortcut_weight)
        )
        norm = safe_sqrt(first**2 + second**2) + self.epsilon
        return first / norm, second / norm

    def call(self, inputs):
        residue, shortcut = inputs
        first, second = (
            tf.cast(weight, residue.dtype)
            for weight in self.normalized_weights()
        )
        return first * residue + second * shortcut

    def compute_output_shape(self, input_shape: Sequence):
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="wn_gan")
class ScaledAdd(keras.layers.Layer):
    """`y = a * r + b * s` per channel: a folded `WeightNormAdd`.

    Input shape: a list of two, `[batch, height, width, channels]` each.

    Output shape: that of each input.
    """

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self.residue_scale, self.shortcut_scale = (
            keras_compat.add_float32_weight(
                self, name=name, shape=(channels,), initializer="ones"
            )
            for name in ("residue_scale", "shortcut_scale")
        )
        self.built = True

    def call(self, inputs):
        residue, shortcut = inputs
        first, second = (
            tf.cast(weight, residue.dtype)
            for weight in (self.residue_scale, self.shortcut_scale)
        )
        return first * residue + second * shortcut

    def compute_output_shape(self, input_shape: Sequence):
        return input_shape[0]


@keras.saving.register_keras_serializable(package="wn_gan")
class ChannelAffine(keras.layers.Layer):
    """`y = gain * x + bias` per channel, initially gain 1 and bias 0.

    Input shape: `[batch, ..., channels]`, float.

    Output shape: that of the input.
    """

    def build(self, input_shape):
        channels = (input_shape[-1],)
        self.gain = keras_compat.add_float32_weight(
            self, name="gain", shape=channels, initializer="ones"
        )
        self.bias = keras_compat.add_float32_weight(
            self, name="bias", shape=channels, initializer="zeros"
        )
        self.built = True

    def call(self, inputs):
        gain, bias = (
            tf.cast(weight, inputs.dtype) for weight in (self.gain, self.bias)
        )
        return gain * inputs + bias

    def compute_output_shape(self, input_shape):
        return input_shape

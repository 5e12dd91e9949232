"""A folded network in stock Keras layers only.

It opens where this package is absent, with any backend of Keras 3.
"""

from typing import Any

import keras
import numpy as np

from wn_gan import layers
from wn_gan.networks.fold import folded


def stock(network: keras.Model) -> keras.Model:
    """Returns a copy with the same outputs, without layers of this package.

    Args:
        network: a functional model of this package; its normalizations are
            folded first, see `folded`.
    """
    plain = folded(network, "float32")
    copy = keras.models.clone_model(plain, clone_function=_stock_layer)
    for layer in copy.layers:
        own = plain.get_layer(layer.name)
        weights = _WEIGHTS.get(type(own), lambda own: own.get_weights())(own)
        layer.set_weights(weights)
    return copy


def _stock_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    make = _LAYERS.get(type(layer))
    if make is not None:
        return make(layer)
    return type(layer).from_config(layer.get_config())


def _scale(name: str, bias: bool) -> keras.layers.Layer:
    """Scales, and shifts, each channel."""
    return keras.layers.DepthwiseConv2D(1, use_bias=bias, name=name)


def _tprelu(layer: layers.TPReLU) -> keras.Model:
    """`max(x, s x + (1 - s) a)`.

    The shift cannot go into the next layer's bias: at padded borders that
    would be another image.
    """
    x = keras.Input(layer.input.shape[1:])
    scaled = _scale("scaled", bias=True)(x)
    y = keras.layers.Maximum(name="maximum")([x, scaled])
    return keras.Model(x, y, name=layer.name)


def _tprelu_weights(layer: layers.TPReLU) -> list[np.ndarray]:
    slope, threshold = layer.get_weights()
    slope = np.clip(slope, 0, 1)
    return [_kernel(slope), (1 - slope) * threshold]


def _prelu(layer: layers.PReLU) -> keras.layers.Layer:
    axes = list(range(1, len(layer.input.shape) - 1))
    return keras.layers.PReLU(shared_axes=axes or None, name=layer.name)


def _prelu_weights(layer: layers.PReLU) -> list[np.ndarray]:
    (slope,) = layer.get_weights()
    ones = [1] * (len(layer.input.shape) - 2)
    return [slope.reshape([*ones, -1])]


def _scaled_add(layer: layers.ScaledAdd) -> keras.Model:
    inputs = [keras.Input(x.shape[1:]) for x in layer.input]
    names = ("residue", "shortcut")
    scaled = [
        _scale(name, bias=False)(x)
        for name, x in zip(names, inputs, strict=True)
    ]
    y = keras.layers.Add(name="sum")(scaled)
    return keras.Model(inputs, y, name=layer.name)


def _scaled_add_weights(layer: layers.ScaledAdd) -> list[np.ndarray]:
    return [
        _kernel(np.asarray(scale))
        for scale in (layer.residue_scale, layer.shortcut_scale)
    ]


def _affine(layer: layers.ChannelAffine) -> keras.layers.Layer:
    return _scale(layer.name, bias=True)


def _affine_weights(layer: layers.ChannelAffine) -> list[np.ndarray]:
    return [_kernel(np.asarray(layer.gain)), np.asarray(layer.bias)]


def _kernel(scale: np.ndarray) -> np.ndarray:
    """One factor per channel as the kernel of a depthwise convolution."""
    return scale.reshape(1, 1, -1, 1)


_LAYERS: dict[type, Any] = {
    layers.TPReLU: _tprelu,
    layers.PReLU: _prelu,
    layers.ScaledAdd: _scaled_add,
    layers.ChannelAffine: _affine,
}
_WEIGHTS: dict[type, Any] = {
    layers.TPReLU: _tprelu_weights,
    layers.PReLU: _prelu_weights,
    layers.ScaledAdd: _scaled_add_weights,
    layers.ChannelAffine: _affine_weights,
}

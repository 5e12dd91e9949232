"""Normalization folded into plain kernels, for evaluation and export.

In inference weight norm and batch norm only rescale kernels and shift biases.
A folded network has plain Keras layers and computes the same images without
these norms.
"""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import layers
from wn_gan.layers.kernel_layers import (
    Conv2DKernel,
    Conv2DTransposeKernel,
    DenseKernel,
    along_axis,
    output_axis,
)

_CONVOLUTIONS = {
    Conv2DKernel: keras.layers.Conv2D,
    Conv2DTransposeKernel: keras.layers.Conv2DTranspose,
}


def folded(
    network: keras.Model,
    dtype: str | None = None,
    into: keras.Model | None = None,
) -> keras.Model:
    """Returns a copy in plain layers with the same outputs.

    Batch norm is folded with its moving statistics, as in inference. Layer,
    instance and group norm depend on the image and stay.

    Args:
        network: a functional model of this package.
        dtype: dtype of the copy's weights, inputs and outputs; default:
            that of the network's output.
        into: an earlier result for this network. Its weights are updated,
            so functions traced on it stay valid.

    Returns:
        A model with the same inputs and outputs, without weight, spectral or
        batch norm.
    """
    plain = _plain_copy(network, dtype) if into is None else into
    norms = {
        _stem(layer): layer
        for layer in network.layers
        if isinstance(layer, layers.BatchNorm)
    }
    for layer in network.layers:
        _set_weights(plain.get_layer(layer.name), layer, norms)
    return plain


def _plain_copy(network: keras.Model, dtype: str | None) -> keras.Model:
    dtype = tf.as_dtype(dtype or network.output.dtype).name

    def plain(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = {"name": layer.name, "dtype": dtype}
        if isinstance(layer, layers.BatchNorm):
            return keras.layers.Activation("linear", **config)
        if isinstance(layer, layers.WeightNormAdd):
            return layers.ScaledAdd(**config)
        if isinstance(layer, layers.KernelLayer):
            return _plain_layer(layer, config)
        return type(layer).from_config(layer.get_config() | config)

    return keras.models.clone_model(network, clone_function=plain)


def _plain_layer(layer: Any, config: dict) -> keras.layers.Layer:
    if isinstance(layer, DenseKernel):
        return keras.layers.Dense(layer.units, **config)
    (plain,) = (
        _CONVOLUTIONS[kind] for kind in _CONVOLUTIONS if isinstance(layer, kind)
    )
    return plain(
        layer.filters,
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        **config,
    )


def _set_weights(
    target: keras.layers.Layer,
    layer: keras.layers.Layer,
    norms: dict[str, layers.BatchNorm],
) -> None:
    """Sets the weights of one layer of the copy.

    Args:
        target: the layer of the copy.
        layer: the network's layer of the same name.
        norms: batch norms of the network, by name stem.
    """
    if hasattr(layer, "kernel"):
        kernel, bias = _plain_weights(layer)
        norm = norms.get(_stem(layer))
        if norm is not None:
            kernel, bias = _with_batch_norm(layer, norm, kernel, bias)
        _assign(target.kernel, kernel)
        _assign(target.bias, bias)
    elif isinstance(layer, layers.WeightNormAdd):
        residue, shortcut = layer.normalized_weights()
        _assign(target.residue_scale, residue)
        _assign(target.shortcut_scale, shortcut)
    elif target.weights:
        for weight, own in zip(target.weights, layer.weights, strict=True):
            _assign(weight, tf.convert_to_tensor(own))


def _assign(weight: Any, value: tf.Tensor) -> None:
    """Assigns with a cast: the copy may have another dtype."""
    weight.assign(tf.cast(value, weight.dtype))


def _stem(layer: keras.layers.Layer) -> str:
    """Returns the name prefix of a linear layer and its batch norm."""
    return layer.name.rsplit("_", 1)[0]


def _plain_weights(layer: Any) -> tuple[tf.Tensor, tf.Tensor]:
    bias = getattr(layer, "bias", None)
    if not isinstance(layer, layers.KernelLayer):
        return tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(bias)
    kernel = layer.normalized_kernel()
    if bias is None:
        channels = layer.kernel.shape[layer.output_axis]
        return kernel, tf.zeros([channels], kernel.dtype)
    return kernel, tf.convert_to_tensor(bias)


def _with_batch_norm(
    layer: Any, norm: layers.BatchNorm, kernel: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    gain, offset = norm.inference_affine()
    # A dense layer before a reshape has its channels on the fastest axis:
    # unit i belongs to channel i % channels.
    repeats = bias.shape[0] // gain.shape[0]
    gain, offset = tf.tile(gain, [repeats]), tf.tile(offset, [repeats])
    scale = along_axis(gain, output_axis(layer), kernel.shape.rank)
    return kernel * scale, bias * gain + offset

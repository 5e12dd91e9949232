"""Normalization folded into plain kernels, for evaluation and export.

A trained generator's weight norm and (at inference) batch norm only rescale
its kernels: the folded twin has plain Keras layers and computes the same
images without any normalization.
"""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import layers
from wn_gan.layers.kernel_layers import (
    Conv2DKernel,
    Conv2DTransposeKernel,
    DenseKernel,
)

_PLAIN = {
    DenseKernel: keras.layers.Dense,
    Conv2DKernel: keras.layers.Conv2D,
    Conv2DTransposeKernel: keras.layers.Conv2DTranspose,
}


def folded_twin(network: keras.Model, dtype: str | None = None) -> keras.Model:
    """A copy of `network` in plain layers; its weights are not set yet.

    Args:
        network: a functional model of this package.
        dtype: of the copy's weights, inputs and outputs; by default that of
            the network's output.

    Returns:
        A model with the same inputs and outputs, without weight, spectral or
        batch norm. (Layer, instance and group norm depend on each image: they
        stay.)
    """
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
    (plain,) = (_PLAIN[kind] for kind in _PLAIN if isinstance(layer, kind))
    return plain(
        layer.filters,
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        **config,
    )


def fold(network: keras.Model, twin: keras.Model) -> None:
    """Sets the twin's weights to those of `network`, normalizations folded.

    Batch norm is folded with its moving statistics, as inference uses them.

    Args:
        network: a functional model of this package.
        twin: what `folded_twin(network)` returned.
    """
    norms = {
        _stem(layer): layer
        for layer in network.layers
        if isinstance(layer, layers.BatchNorm)
    }
    for layer in network.layers:
        target = twin.get_layer(layer.name)
        if hasattr(layer, "kernel"):
            kernel, bias = _plain_weights(layer)
            if _stem(layer) in norms:
                kernel, bias = _fold_batch_norm(
                    layer, norms[_stem(layer)], kernel, bias
                )
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
    """The twin may have another dtype."""
    weight.assign(tf.cast(value, weight.dtype))


def _stem(layer: keras.layers.Layer) -> str:
    """What a linear layer and the batch norm that follows it share."""
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


def _fold_batch_norm(
    layer: Any, norm: layers.BatchNorm, kernel: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    gain, offset = norm.inference_affine()
    # A linear layer in front of a reshape has a channel's units interleaved:
    # the channel is the fastest axis.
    repeats = bias.shape[0] // gain.shape[0]
    gain, offset = tf.tile(gain, [repeats]), tf.tile(offset, [repeats])
    transposed = isinstance(
        layer, keras.layers.Conv2DTranspose | Conv2DTransposeKernel
    )
    shape = [1] * kernel.shape.rank
    shape[2 if transposed else -1] = gain.shape[0]
    return kernel * tf.reshape(gain, shape), bias * gain + offset

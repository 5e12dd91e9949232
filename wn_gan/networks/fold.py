"""Normalization folded into plain kernels, for evaluation and export.

A trained generator's weight norm and (at inference) batch norm only rescale
its kernels: the folded twin has plain Keras layers and computes the same
images without any normalization.
"""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import layers

_PLAIN = {
    layers.WeightNormDense: keras.layers.Dense,
    layers.WeightNormConv2D: keras.layers.Conv2D,
    layers.WeightNormConv2DTranspose: keras.layers.Conv2DTranspose,
}


def folded_twin(network: keras.Model) -> keras.Model:
    """A copy of `network` in plain layers; its weights are not set yet.

    Args:
        network: a functional model of this package.

    Returns:
        A model with the same inputs and outputs, all of it in the dtype of
        the network's output, and no normalization layer.
    """
    dtype = network.output.dtype
    dtype = dtype if isinstance(dtype, str) else dtype.name

    def plain(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = {"name": layer.name, "dtype": dtype}
        if isinstance(layer, layers.BatchNorm):
            return keras.layers.Activation("linear", **config)
        if type(layer) not in _PLAIN:
            return type(layer).from_config(layer.get_config() | config)
        if isinstance(layer, layers.WeightNormDense):
            return keras.layers.Dense(layer.units, **config)
        return _PLAIN[type(layer)](
            layer.filters,
            layer.kernel_size,
            strides=layer.strides,
            padding=layer.padding,
            **config,
        )

    return keras.models.clone_model(network, clone_function=plain)


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
            target.kernel.assign(kernel)
            target.bias.assign(bias)
        elif target.weights:
            target.set_weights(layer.get_weights())


def _stem(layer: keras.layers.Layer) -> str:
    """What a linear layer and the batch norm that follows it share."""
    return layer.name.rsplit("_", 1)[0]


def _plain_weights(layer: Any) -> tuple[tf.Tensor, tf.Tensor]:
    bias = getattr(layer, "bias", None)
    if type(layer) not in _PLAIN:
        return tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(bias)
    kernel = layer.normalized_kernel()
    if bias is None:
        channels = layer.compute_output_shape(layer.input.shape)[-1]
        return kernel, tf.zeros([channels], kernel.dtype)
    return kernel, tf.convert_to_tensor(bias)


def _fold_batch_norm(
    layer: Any, norm: layers.BatchNorm, kernel: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    gain = norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
    offset = norm.beta - norm.moving_mean * gain
    # A linear layer in front of a reshape has a channel's units interleaved:
    # the channel is the fastest axis.
    repeats = bias.shape[0] // gain.shape[0]
    gain, offset = tf.tile(gain, [repeats]), tf.tile(offset, [repeats])
    transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    shape = [1] * kernel.shape.rank
    shape[2 if transposed else -1] = gain.shape[0]
    return kernel * tf.reshape(gain, shape), bias * gain + offset

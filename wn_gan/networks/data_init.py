"""Data-dependent initialization of affine weight norm."""

import keras
import tensorflow as tf

from wn_gan import layers

_SMALLEST_DEVIATION = 1e-4


def initialize_from_data(network: keras.Model, inputs: tf.Tensor) -> None:
    """Sets gains and biases to standardize every pre-activation.

    Layers are set in order from the input. On these inputs each output
    channel gets mean 0 and standard deviation 1 over batch and positions.

    Args:
        network: a functional model with affine weight-normalized layers;
            other layers stay unchanged.
        inputs: a batch of the network's inputs.

    Reference: Salimans & Kingma 2016, arXiv:1602.07868, section 3.
    """
    for layer in network.layers:
        kernel_layer = isinstance(layer, layers.KernelLayer)
        if not (kernel_layer and layer.has_gain):
            continue
        outputs = keras.Model(network.input, layer.output)(inputs)
        outputs = tf.cast(outputs, layer.gain.dtype)
        axes = list(range(outputs.shape.rank - 1))
        mean, variance = tf.nn.moments(outputs, axes)
        deviation = tf.maximum(tf.sqrt(variance), _SMALLEST_DEVIATION)
        layer.bias.assign((layer.bias - mean) / deviation)
        layer.gain.assign(layer.gain / deviation)

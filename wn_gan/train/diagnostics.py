"""Norms, ranks, activations and drift inside the networks."""

import keras
import numpy as np
import tensorflow as tf

from wn_gan import layers
from wn_gan.gan.model import GAN
from wn_gan.train.layer_numbers import Seen, numbers_of


class Diagnostics:
    """Measures both networks, always on the same images and codes.

    Gradients are those of the GAN loss without penalties, in training mode.
    The moving statistics, which a forward pass changes, are restored. Every
    replica measures all of the images, so the numbers of one are returned.

    Args:
        gan: the GAN to measure.
        real_images: `[n, height, width, channels]` in [0, 1]; used together
            with n fixed codes.
    """

    def __init__(self, gan: GAN, real_images: np.ndarray):
        self.gan = gan
        self.real_images = tf.cast(real_images, gan.generator.output.dtype)
        self.codes = gan.codes(len(real_images))
        self._probes = [
            _Probe(network) for network in (gan.generator, gan.discriminator)
        ]
        self._measure = tf.function(self._on_a_replica)

    def __call__(self) -> dict[str, np.ndarray]:
        """Returns numbers and vectors by name, `<network>/<layer>/<what>`.

        Per layer with a kernel v (one vector per output channel):
        `v_norm`, the mean norm of the vectors; `cos_gradient_v`, the mean
        absolute cosine between a vector and its gradient (0 for strict
        weight norm, except for epsilon); `singular_values` of the applied
        kernel, as a matrix of channels by all other axes; `effective_rank`,
        the exponential of their entropy (Roy & Vetterli 2007).

        Per rectifier: `mean` and `variance` of its outputs; `saturated`, the
        share of channels with all inputs below the threshold; `slope` and
        `threshold`, one per channel. Of the generated images: `mean`,
        `variance`, and `saturated`, the share of pixel values within 1/255
        of 0 or 1.

        Per batch norm: `mean_drift`, |moving - batch mean| in standard
        deviations, and `variance_drift`, |log(moving / batch variance)|,
        both as means over channels.
        """
        changing = [
            (variable, tf.identity(variable))
            for network in (self.gan.generator, self.gan.discriminator)
            for variable in network.non_trainable_variables
        ]
        found = self._measure()
        for variable, before in changing:
            variable.assign(before)
        return {name: np.asarray(value) for name, value in found.items()}

    def _on_a_replica(self) -> dict[str, tf.Tensor]:
        strategy = tf.distribute.get_strategy()
        found = strategy.run(self._both_networks)
        return {
            name: strategy.experimental_local_results(value)[0]
            for name, value in found.items()
        }

    def _both_networks(self) -> dict[str, tf.Tensor]:
        loss = self.gan.objective.functions
        g_probe, d_probe = self._probes
        # Every pass below moves the statistics.
        g_moving, d_moving = g_probe.moving(), d_probe.moving()
        with tf.GradientTape() as g_tape:
            g_seen, fake_images = g_probe(self.codes, g_moving)
            fake_logits = self.gan.discriminator(fake_images, training=True)
            g_loss = loss.generator(fake_logits)
        fake_images = tf.stop_gradient(fake_images)
        with tf.GradientTape() as d_tape:
            fake_logits = self.gan.discriminator(fake_images, training=True)
            d_seen, real_logits = d_probe(self.real_images, d_moving)
            d_loss = loss.real(real_logits) + loss.fake(fake_logits)
        return {
            **g_probe.numbers(g_seen, g_tape, g_loss),
            **d_probe.numbers(d_seen, d_tape, d_loss),
        }


class _Probe:
    """Reads the inputs and outputs of one network's layers."""

    def __init__(self, network: keras.Model):
        self.network = network
        self.layers = [layer for layer in network.layers if _is_measured(layer)]
        ends = [
            tensor
            for layer in self.layers
            for tensor in (layer.input, layer.output)
        ]
        self._model = keras.Model(network.input, [*ends, network.output])

    def moving(self) -> list[list[tf.Tensor]]:
        """Copies the moving statistics of each layer."""
        return [_moving_statistics(layer) for layer in self.layers]

    def __call__(
        self, inputs: tf.Tensor, moving: list[list[tf.Tensor]]
    ) -> tuple[list[Seen], tf.Tensor]:
        """Runs the network; returns one `Seen` per layer and the output."""
        *tensors, result = self._model(inputs, training=True)
        seen = zip(tensors[::2], tensors[1::2], moving, strict=True)
        return [Seen(*each) for each in seen], result

    def numbers(
        self, seen: list[Seen], tape: tf.GradientTape, loss: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns all numbers of `Diagnostics`, by name."""
        kernels = {
            layer.name: layer.kernel
            for layer in self.layers
            if hasattr(layer, "kernel")
        }
        gradients = tape.gradient(loss, list(kernels.values()))
        gradients = dict(zip(kernels, gradients, strict=True))
        found = {}
        for layer, each in zip(self.layers, seen, strict=True):
            for name, value in numbers_of(
                layer, each, gradients.get(layer.name)
            ):
                found[f"{self.network.name}/{layer.name}/{name}"] = value
        return found


def _moving_statistics(layer: keras.layers.Layer) -> list[tf.Tensor]:
    names = ("moving_mean", "moving_variance")
    return [tf.identity(getattr(layer, n)) for n in names if hasattr(layer, n)]


def _is_measured(layer: keras.layers.Layer) -> bool:
    kinds = (layers.PReLU, layers.TPReLU, layers.BatchNorm)
    return (
        hasattr(layer, "kernel")
        or isinstance(layer, kinds)
        or _is_last_of_generator(layer)
    )


def _is_last_of_generator(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Activation) and layer.name == "images"

"""Penalties on the discriminator's gradient with respect to images."""

from collections.abc import Callable

import tensorflow as tf

Discriminator = Callable[[tf.Tensor], tf.Tensor]


def _squared_norms(
    discriminator: Discriminator, images: tf.Tensor
) -> tf.Tensor:
    """Squared norm of the logit's gradient per image, `[batch]`."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = tf.reduce_sum(discriminator(images))
    gradients = tape.gradient(logits, images)
    return tf.reduce_sum(gradients**2, axis=[1, 2, 3])


def r1_penalty(
    discriminator: Discriminator, real_images: tf.Tensor
) -> tf.Tensor:
    """Half the mean squared gradient norm at real images.

    Args:
        discriminator: images -> logits.
        real_images: `[batch, height, width, channels]`.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, equation 9.
    """
    return tf.reduce_mean(_squared_norms(discriminator, real_images)) / 2


def gradient_penalty(
    discriminator: Discriminator,
    real_images: tf.Tensor,
    fake_images: tf.Tensor,
    mix: tf.Tensor,
) -> tf.Tensor:
    """Mean squared distance of the gradient norm from 1, between images.

    Args:
        discriminator: images -> logits.
        real_images: `[batch, height, width, channels]`.
        fake_images: the same shape.
        mix: in [0, 1], `[batch, 1, 1, 1]`: the share of the real image.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, equation 3.
    """
    between = mix * real_images + (1 - mix) * fake_images
    # Keeps the root's gradient finite at 0; negligible for norms near 1.
    norms = tf.sqrt(_squared_norms(discriminator, between) + 1e-12)
    return tf.reduce_mean((norms - 1) ** 2)

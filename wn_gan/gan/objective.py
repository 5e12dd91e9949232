"""Discriminator and generator losses."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat, layers
from wn_gan.gan import penalties, randomness
from wn_gan.gan.losses import LOSSES, GanLoss
from wn_gan.gan.randomness import StepRandom


@dataclasses.dataclass(frozen=True)
class Objective:
    """Both losses of a training step as functions of images.

    Attributes:
        loss: a key of `losses.LOSSES`.
        r1_penalty: weight of `penalties.r1_penalty`.
        gradient_penalty: weight of `penalties.gradient_penalty`.
        instance_noise: standard deviation (pixels in [0, 1]) of the noise on
            all images that D sees in training.

    Raises:
        ValueError: for an unknown loss.
    """

    loss: str = "non_saturating"
    r1_penalty: float = 0.0
    gradient_penalty: float = 0.0
    instance_noise: float = 0.0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(
                f"loss must be one of {set(LOSSES)}, got {self.loss!r}"
            )

    @property
    def functions(self) -> GanLoss:
        """The loss as functions of logits."""
        return LOSSES[self.loss]

    def discriminator_loss(
        self,
        discriminator: keras.Model,
        real_images: tf.Tensor,
        fake_images: tf.Tensor,
        random: StepRandom,
        turn: int = 0,
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Computes D's loss of one step.

        Args:
            discriminator: images -> logits.
            real_images: `[batch, height, width, channels]`.
            fake_images: the same shape.
            random: random numbers of the step.
            turn: index of D's update within the step.

        Returns:
            The reported scalars, the loss with its penalties (scalar), and
            the fake logits `[batch, 1]`.
        """
        real_images = self._noisy(
            real_images, random, randomness.NOISE_ON_REAL, turn
        )
        fake_images = self._noisy(
            fake_images, random, randomness.NOISE_ON_FAKE, turn
        )
        real_logits, fake_logits = _discriminate(
            discriminator, real_images, fake_images
        )
        loss = self.functions
        results = {
            "d_loss": loss.real(real_logits) + loss.fake(fake_logits),
            "real_logits": tf.reduce_mean(real_logits),
            "fake_logits": tf.reduce_mean(fake_logits),
        }
        total = results["d_loss"]
        if self.r1_penalty or self.gradient_penalty:
            penalty = self._penalty(
                discriminator, real_images, fake_images, random, turn
            )
            results["d_penalty"] = penalty
            total += penalty
        return results, total, fake_logits

    def generator_loss(
        self,
        discriminator: keras.Model,
        fake_images: tf.Tensor,
        random: StepRandom,
    ) -> tf.Tensor:
        """Computes G's loss; arguments as for `discriminator_loss`."""
        seen = self._noisy(fake_images, random, randomness.NOISE_FOR_G, 0)
        return self.functions.generator(discriminator(seen, training=True))

    def _noisy(
        self, images: tf.Tensor, random: StepRandom, kind: int, turn: int
    ) -> Any:
        """Adds instance noise, if any."""
        if not self.instance_noise:
            return images
        size, shape = tf.shape(images)[0], images.shape[1:]
        noise = random.normal(kind, size, shape, images.dtype, turn)
        return images + self.instance_noise * noise

    def _penalty(self, discriminator, real_images, fake_images, random, turn):
        """Computes the sum of the weighted penalties."""

        def discriminate(images):
            return discriminator(images, training=True)

        total = 0.0
        if self.r1_penalty:
            term = penalties.r1_penalty(discriminate, real_images)
            total += self.r1_penalty * term
        if self.gradient_penalty:
            size = tf.shape(real_images)[0]
            mix = random.uniform(
                randomness.MIX, size, [1, 1, 1], real_images.dtype, turn
            )
            term = penalties.gradient_penalty(
                discriminate, real_images, tf.stop_gradient(fake_images), mix
            )
            total += self.gradient_penalty * term
        return total


def _discriminate(
    discriminator: keras.Model, real_images: tf.Tensor, fake_images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Computes real and fake logits, in one pass unless D has batch norm."""
    if has_batch_norm(discriminator):
        real_logits = discriminator(real_images, training=True)
        return real_logits, discriminator(fake_images, training=True)
    both = tf.concat([real_images, fake_images], axis=0)
    return tf.split(discriminator(both, training=True), 2)


def has_batch_norm(network: keras.Model) -> bool:
    """Whether a network, or a model nested in it, has batch norm.

    Batch norm must see real and fake images in separate passes. Every other
    discriminator takes both in one pass.
    """
    kinds = (layers.BatchNorm, keras.layers.BatchNormalization)
    return any(
        isinstance(layer, kinds) for layer in keras_compat.all_layers(network)
    )

"""What the discriminator minimizes, and the generator through it."""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import layers, penalties, randomness
from wn_gan.losses import LOSSES
from wn_gan.randomness import StepRandom


class Objective:
    """Both losses as functions of images.

    Args:
        discriminator: images -> logits.
        loss: a key of `losses.LOSSES`.
        random: of the run.
        r1_penalty: weight of `penalties.r1_penalty`.
        gradient_penalty: weight of `penalties.gradient_penalty`.
        instance_noise: standard deviation of noise on all images.
    """

    def __init__(
        self,
        discriminator: keras.Model,
        loss: str,
        random: StepRandom,
        r1_penalty: float,
        gradient_penalty: float,
        instance_noise: float,
    ):
        """See the class."""
        self.discriminator = discriminator
        self.loss = LOSSES[loss]
        self.random = random
        self.r1_penalty = r1_penalty
        self.gradient_penalty = gradient_penalty
        self.instance_noise = instance_noise
        # Batch norm must see real and fake images apart; every other
        # discriminator takes both in one pass.
        self._one_pass = not any(
            isinstance(
                layer, layers.BatchNorm | keras.layers.BatchNormalization
            )
            for layer in discriminator.layers
        )

    def discriminator_loss(
        self, real_images: tf.Tensor, fake_images: tf.Tensor, turn: int
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """D's part of a step.

        Args:
            real_images: `[batch, height, width, channels]`.
            fake_images: likewise.
            turn: of D within the step.

        Returns:
            What is reported, the loss with its penalties, and the logits of
            the fake images.
        """
        real_images = self._noisy(real_images, randomness.NOISE_ON_REAL, turn)
        fake_images = self._noisy(fake_images, randomness.NOISE_ON_FAKE, turn)
        real_logits, fake_logits = self._discriminate(real_images, fake_images)
        results = {
            "d_loss": self.loss.real(real_logits) + self.loss.fake(fake_logits),
            "real_logits": tf.reduce_mean(real_logits),
            "fake_logits": tf.reduce_mean(fake_logits),
        }
        total = results["d_loss"]
        if self.r1_penalty or self.gradient_penalty:
            penalty = self._penalty(real_images, fake_images, turn)
            results["d_penalty"] = penalty
            total += penalty
        return results, total, fake_logits

    def generator_loss(self, fake_images: tf.Tensor) -> tf.Tensor:
        """G's loss on images that D has not seen yet."""
        seen = self._noisy(fake_images, randomness.NOISE_FOR_G, 0)
        return self.loss.generator(self.discriminator(seen, training=True))

    def _discriminate(self, real_images, fake_images):
        if not self._one_pass:
            real_logits = self.discriminator(real_images, training=True)
            return real_logits, self.discriminator(fake_images, training=True)
        both = tf.concat([real_images, fake_images], axis=0)
        return tf.split(self.discriminator(both, training=True), 2)

    def _noisy(self, images: Any, kind: int, turn: int) -> Any:
        """The images as D sees them in training."""
        if not self.instance_noise:
            return images
        size, shape = tf.shape(images)[0], images.shape[1:]
        noise = self.random.normal(kind, size, shape, images.dtype, turn)
        return images + self.instance_noise * noise

    def _penalty(self, real_images, fake_images, turn):
        """The sum of the weighted penalties."""

        def discriminator(images):
            return self.discriminator(images, training=True)

        total = 0.0
        if self.r1_penalty:
            term = penalties.r1_penalty(discriminator, real_images)
            total += self.r1_penalty * term
        if self.gradient_penalty:
            size = tf.shape(real_images)[0]
            mix = self.random.uniform(
                randomness.MIX, size, [1, 1, 1], real_images.dtype, turn
            )
            term = penalties.gradient_penalty(
                discriminator, real_images, tf.stop_gradient(fake_images), mix
            )
            total += self.gradient_penalty * term
        return total

"""The GAN as a `keras.Model` with its own training step."""

from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.config import UPDATE_ORDERS
from wn_gan.gan import randomness
from wn_gan.gan.objective import Objective
from wn_gan.gan.randomness import StepRandom
from wn_gan.gan.serialization import gan_arguments, gan_config
from wn_gan.gan.vitals import Vitals
from wn_gan.networks import initialize_from_data


@keras.saving.register_keras_serializable(package="wn_gan")
class GAN(keras.Model):
    """A generator and a discriminator, trained against each other.

    Example::

        generator = networks.build_generator("weight", 32, 32)
        discriminator = networks.build_discriminator("weight", 32, 32)
        gan = GAN(generator, discriminator)
        gan.compile(RMSProp(1e-4), RMSProp(1e-4))
        gan.fit(images)  # a tf.data.Dataset of [batch, 32, 32, 3] in [0, 1]

    The latent codes of a step are a function of (seed, step, position in the
    global batch): a resumed run draws the codes of an uninterrupted one.

    Args:
        generator: z `[batch, code_size]` -> images in [0, 1].
        discriminator: images -> logits `[batch, 1]`.
        objective: losses and penalties; default: `Objective()`.
        update_order: "alternate" (D on real and fake images, then G on a
            new z) or "shared" (one forward pass serves both updates, which
            saves one pass of G and one of D).
        seed: seed of the latent codes.
        d_steps: updates of D per update of G, each on its own part of the
            real images; above 1 only with "alternate".
        **kwargs: as for `keras.Model`.

    Raises:
        ValueError: for an unknown update order, or `d_steps` above 1 with
            "shared".
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        objective: Objective | None = None,
        update_order: str = UPDATE_ORDERS[0],
        seed: int = 0,
        d_steps: int = 1,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if update_order not in UPDATE_ORDERS:
            raise ValueError(
                f"update_order must be one of {UPDATE_ORDERS}, "
                f"got {update_order!r}"
            )
        if d_steps > 1 and update_order == "shared":
            raise ValueError(f"d_steps must be 1 for 'shared', got {d_steps}")
        self.generator = generator
        self.discriminator = discriminator
        self.objective = objective or Objective()
        self.update_order = update_order
        self.seed = seed
        self.d_steps = d_steps
        self.code_size = generator.input_shape[-1]
        self.step = tf.Variable(
            0,
            trainable=False,
            dtype=tf.int64,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        self.random = StepRandom(seed, self.step, d_steps)
        self._sample = None
        self.vitals = Vitals(self.objective.functions.d_won_loss)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, serialized."""
        return super().get_config() | gan_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "GAN":
        """Builds the GAN from `get_config`'s result, also version 0.1's."""
        return cls(**gan_arguments(config))

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        **kwargs: Any,
    ) -> None:
        """Sets the two optimizers.

        Args:
            g_optimizer: optimizer of the generator.
            d_optimizer: optimizer of the discriminator.
            **kwargs: `jit_compile`, `steps_per_execution`, ... as for
                `keras.Model.compile`.
        """
        if self._half_precision():
            g_optimizer = keras_compat.LossScaleOptimizer(g_optimizer)
            d_optimizer = keras_compat.LossScaleOptimizer(d_optimizer)
        keras_compat.keep_weights_after_fit(g_optimizer)
        kwargs = {"jit_compile": False} | kwargs
        super().compile(optimizer=g_optimizer, **kwargs)
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    def call(self, z, training=False):
        """Generates images from codes z."""
        return self.generator(z, training=training)

    def sample(self, z: tf.Tensor) -> tf.Tensor:
        """Generates images from z in inference mode, by a traced function."""
        if self._sample is None:
            self._sample = tf.function(
                lambda z: self.generator(z, training=False)
            )
        return self._sample(z)

    def codes(
        self,
        batch_size: int | tf.Tensor,
        kind: int = randomness.FIXED_CODES,
        turn: int = 0,
    ) -> tf.Tensor:
        """Draws latent codes z ~ N(0, I), `[batch_size, code_size]`.

        Args:
            batch_size: batch size of one replica; in a distributed step each
                replica gets its own part of the global batch's codes.
            kind: constant of `randomness`; the default gives the same codes
                at every step.
            turn: index of D's update within a step.
        """
        dtype = self.generator.input.dtype
        return self.random.normal(
            kind, batch_size, [self.code_size], dtype, turn
        )

    def train_step(self, real_images):
        """Updates both networks.

        Args:
            real_images: `[batch, height, width, channels]` in [0, 1].

        Returns:
            Scalars over the global batch: `d_loss`, `g_loss`, the mean
            `real_logits` and `fake_logits` of D's update, and the norms
            `d_gradient_norm`, `g_gradient_norm`. With a penalty also its
            weighted value `d_penalty`, which is not part of `d_loss`.
        """
        real_images = tf.cast(real_images, self.generator.output.dtype)
        if self.update_order == "alternate":
            parts = tf.split(real_images, self.d_steps)
            for turn, part in enumerate(parts):
                results = self._update_d(part, turn)
            results |= self._update_g(tf.shape(parts[0])[0])
        else:
            results = self._update_both(real_images)
        self.step.assign_add(1)
        results = _mean_over_replicas(results)
        self.vitals.update(self.step, results)
        return results

    def _update_d(self, real_images, turn):
        size = tf.shape(real_images)[0]
        z = self.codes(size, randomness.D_CODES, turn)
        fake_images = self.generator(z, training=True)
        with tf.GradientTape() as tape:
            results, loss, _ = self.objective.discriminator_loss(
                self.discriminator, real_images, fake_images, self.random, turn
            )
            loss = self._scaled(loss, self.d_optimizer)
        results["d_gradient_norm"] = self._apply(
            tape, loss, self.discriminator, self.d_optimizer
        )
        return results

    def _update_g(self, batch_size):
        z = self.codes(batch_size, randomness.G_CODES)
        with tf.GradientTape() as tape:
            fake_images = self.generator(z, training=True)
            g_loss = self.objective.generator_loss(
                self.discriminator, fake_images, self.random
            )
            loss = self._scaled(g_loss, self.g_optimizer)
        norm = self._apply(tape, loss, self.generator, self.g_optimizer)
        return {"g_loss": g_loss, "g_gradient_norm": norm}

    def _update_both(self, real_images):
        """Updates G and D from one forward pass, at the same weights."""
        z = self.codes(tf.shape(real_images)[0], randomness.D_CODES)
        with tf.GradientTape(persistent=True) as tape:
            fake_images = self.generator(z, training=True)
            results, loss, logits = self.objective.discriminator_loss(
                self.discriminator, real_images, fake_images, self.random
            )
            results["g_loss"] = self.objective.functions.generator(logits)
            g_loss = self._scaled(results["g_loss"], self.g_optimizer)
            d_loss = self._scaled(loss, self.d_optimizer)
        # G's gradient runs through D's weights of the forward pass, so it
        # must be computed before D's update.
        g_gradients = tape.gradient(g_loss, self.generator.trainable_variables)
        results["d_gradient_norm"] = self._apply(
            tape, d_loss, self.discriminator, self.d_optimizer
        )
        results["g_gradient_norm"] = _update(
            self.g_optimizer, g_gradients, self.generator
        )
        return results

    def _scaled(self, loss, optimizer):
        """Scales the loss: gradients are summed over replicas."""
        replica = tf.distribute.get_replica_context()
        return keras_compat.scale_loss(
            optimizer, loss / replica.num_replicas_in_sync
        )

    def _apply(self, tape, loss, network, optimizer):
        gradients = tape.gradient(loss, network.trainable_variables)
        return _update(optimizer, gradients, network)

    def _half_precision(self):
        return any(
            layer.compute_dtype == "float16" for layer in self.generator.layers
        )


def initialize_gan(
    gan: GAN, real_images: tf.Tensor, g: bool = True, d: bool = True
) -> None:
    """Initializes affine weight norm from data; see `initialize_from_data`.

    Args:
        gan: an untrained GAN.
        real_images: a batch in [0, 1].
        g: whether to initialize the generator, from codes.
        d: whether to initialize the discriminator, from the images.
    """
    if g:
        z = gan.codes(real_images.shape[0], randomness.D_CODES)
        initialize_from_data(gan.generator, z)
    if d:
        initialize_from_data(gan.discriminator, real_images)


def _update(optimizer, gradients, network):
    """Applies gradients, scaled or not; returns their unscaled norm."""
    unscaled = keras_compat.apply_scaled_gradients(
        optimizer, gradients, network.trainable_variables
    )
    return tf.linalg.global_norm(unscaled)


def _mean_over_replicas(results):
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.MEAN, results)

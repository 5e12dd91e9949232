"""Random numbers as functions of seed, step and position in the batch."""

from collections.abc import Callable, Sequence

import tensorflow as tf

# Kinds of numbers; each has its own first half of the seed.
D_CODES, G_CODES, FIXED_CODES = 0, 1, 2
NOISE_ON_REAL, NOISE_ON_FAKE, NOISE_FOR_G, MIX = range(1_000_000, 1_000_004)


class StepRandom:
    """Random numbers that resuming and the number of replicas do not change.

    Args:
        seed: seed of the run.
        step: variable that counts the steps done.
        turns: draws of each kind per step.
    """

    def __init__(self, seed: int, step: tf.Variable, turns: int = 1):
        self.seed = seed
        self.step = step
        self.turns = turns

    def normal(
        self,
        kind: int,
        batch_size: int | tf.Tensor,
        shape: Sequence[int],
        dtype: tf.DType,
        turn: int = 0,
    ) -> tf.Tensor:
        """Draws standard normal numbers.

        Args:
            kind: one of this module's constants; `FIXED_CODES` are the same
                at every step.
            batch_size: rows of one replica.
            shape: shape of a row.
            dtype: dtype of the numbers.
            turn: index of the draw within the step.

        Returns:
            `[batch_size, *shape]`.
        """
        draw = tf.random.stateless_normal
        return self._draw(draw, kind, batch_size, shape, dtype, turn)

    def uniform(
        self,
        kind: int,
        batch_size: int | tf.Tensor,
        shape: Sequence[int],
        dtype: tf.DType,
        turn: int = 0,
    ) -> tf.Tensor:
        """Draws numbers uniform in [0, 1); see `normal`."""
        draw = tf.random.stateless_uniform
        return self._draw(draw, kind, batch_size, shape, dtype, turn)

    def _draw(
        self, draw: Callable, kind, batch_size, shape, dtype, turn
    ) -> tf.Tensor:
        """Draws for the global batch; returns this replica's rows."""
        replica = tf.distribute.get_replica_context()
        replicas, number = 1, 0  # outside a step: the global batch
        if replica is not None:
            replicas = replica.num_replicas_in_sync
            number = replica.replica_id_in_sync_group
        count = 0
        if kind != FIXED_CODES:
            count = tf.cast(self.step, tf.int32) * self.turns + turn
        drawn = draw(
            [batch_size * replicas, *shape],
            seed=tf.stack([self.seed * 3 + kind, count]),
            dtype=dtype,
        )
        first = number * batch_size
        return drawn[first : first + batch_size]

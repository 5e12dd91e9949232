"""Batches of training images, in an order that a restart continues."""

import numpy as np
import tensorflow as tf

# Of the cipher behind the permutation; from 8 on its output passed for random.
_ROUNDS = 16


def training_batches(
    images: np.ndarray,
    positions: np.ndarray,
    batch_size: int,
    seed: int,
    start_step: int = 0,
) -> tf.data.Dataset:
    """Endless batches; every image once an epoch, freshly permuted.

    What stands at a place of a batch is a function of (seed, step, place),
    so a run that starts again at any step goes on exactly. An epoch may end
    within a batch: the next begins in the same one.

    Args:
        images: uint8 `[n, height, width, channels]`.
        positions: those to train on, in `images`.
        batch_size: images of a batch.
        seed: of the permutations.
        start_step: batches to leave out at the start.

    Returns:
        Batches `[batch_size, height, width, channels]`, float32 in [0, 1].
    """
    stored, chosen = tf.constant(images), tf.constant(positions, tf.int64)

    def read(step: tf.Tensor) -> tf.Tensor:
        places = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        order = epoch_positions(places, len(positions), seed)
        batch = tf.gather(stored, tf.gather(chosen, order))
        batch = tf.cast(batch, tf.float32) / 255
        return tf.ensure_shape(batch, [batch_size, *images.shape[1:]])

    steps = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max)
    return steps.map(read, num_parallel_calls=1).prefetch(2)


def epoch_positions(places: tf.Tensor, num_images: int, seed: int) -> tf.Tensor:
    """Which image stands at each place of the endless sequence.

    A pseudo-random permutation of each epoch, in constant memory.

    Args:
        places: int64, counted from the run's first image.
        num_images: in an epoch.
        seed: of the permutations.

    Returns:
        int64 in [0, num_images), the shape of `places`.
    """
    epochs = places // num_images
    zeros = tf.zeros_like(epochs)
    seeds = tf.stack([zeros + seed, epochs, zeros], axis=-1)
    # The op behind tf.random.experimental.index_shuffle. That function pads a
    # matrix of seeds along the wrong axis, and its 4 rounds mix badly: at
    # 50,000 images one epoch's order correlates with the next (r = 0.7).
    return tf.raw_ops.RandomIndexShuffle(
        index=places % num_images,
        seed=tf.cast(seeds, tf.uint32),
        max_index=tf.constant(num_images - 1, tf.int64),
        rounds=_ROUNDS,
    )

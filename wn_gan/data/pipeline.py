"""Batches of training images in an order that a restart continues."""

import os

import numpy as np
import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data.feed import Feed

# Rounds of the cipher behind the permutation. 8 or more gave an order that
# passed for random.
_ROUNDS = 16
_MAX_READERS = 8


def batches(
    config: Config,
    feed: Feed,
    start_step: int,
    strategy: tf.distribute.Strategy | None = None,
) -> tf.data.Dataset:
    """Batches of training images, starting at a step.

    Args:
        config: config of the run.
        feed: reads the images.
        start_step: number of steps already done.
        strategy: splits the global batch over its replicas; default: one
            device gets the whole batch.
    """

    def dataset(context: tf.distribute.InputContext) -> tf.data.Dataset:
        workers = context.num_input_pipelines
        return training_batches(
            feed,
            config.batch_size,
            config.seed,
            start_step,
            turns=config.d_steps,
            shard=context.input_pipeline_id,
            num_shards=workers,
            replicas=context.num_replicas_in_sync // workers,
        )

    if strategy is None:
        return dataset(tf.distribute.InputContext())
    return strategy.distribute_datasets_from_function(dataset)


def training_batches(
    feed: Feed,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    turns: int = 1,
    shard: int = 0,
    num_shards: int = 1,
    replicas: int = 1,
) -> tf.data.Dataset:
    """Endless batches; each epoch is a new permutation of all images.

    The image at each batch position is a function of (seed, step, position).
    A restart at any step therefore continues exactly, on any number of
    shards. An epoch may end within a batch; the next one starts in the same
    batch.

    Args:
        feed: reads the images.
        batch_size: images per batch, over all shards.
        seed: seed of the permutations.
        start_step: number of steps to skip at the start.
        turns: batches per step, joined into one: each replica gets its piece
            of the first batch, then its piece of the second, ...
        shard: index of the worker.
        num_shards: number of workers.
        replicas: replicas of this worker; each gets every `replicas`-th
            element.

    Returns:
        Elements `[turns * batch_size / (num_shards * replicas), height,
        width, channels]`, float32 in [0, 1].

    Raises:
        ValueError: if a batch cannot be split into equal pieces.
    """
    positions = _positions(batch_size, turns, shard, num_shards, replicas)
    inside = tf.constant(positions, tf.int64)
    shape = [len(inside), *feed.part.shape[1:]]

    def read(step: tf.Tensor) -> tf.Tensor:
        places = step * (turns * batch_size) + inside
        order = epoch_positions(places, len(feed.part), seed)
        batch = tf.numpy_function(
            feed.read, [step, places, order], tf.uint8, stateful=False
        )
        batch = tf.cast(tf.ensure_shape(batch, shape), tf.float32)
        return batch / 255

    in_memory = feed.part.images.array is not None
    readers = 1 if in_memory else min(os.cpu_count() or 1, _MAX_READERS)
    steps = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max)
    batches = steps.map(read, num_parallel_calls=readers)
    if replicas > 1:
        batches = batches.rebatch(len(positions) // replicas)
    return batches.prefetch(2)


def _positions(
    batch_size: int, turns: int, shard: int, num_shards: int, replicas: int
) -> np.ndarray:
    """The positions in a step's batches that a worker gets, in its order."""
    pieces = num_shards * replicas
    size = batch_size // pieces
    if size * pieces != batch_size:
        raise ValueError(
            f"{batch_size} images cannot be split into {pieces} equal pieces"
        )
    each = np.arange(turns * batch_size).reshape(turns, pieces, size)
    mine = each[:, shard * replicas : (shard + 1) * replicas]
    return mine.transpose(1, 0, 2).ravel()


def epoch_positions(places: tf.Tensor, num_images: int, seed: int) -> tf.Tensor:
    """Image index at each place of the endless sequence.

    Each epoch is a pseudo-random permutation, computed in constant memory.

    Args:
        places: int64, positions counted from the run's first image.
        num_images: images per epoch.
        seed: seed of the permutations.

    Returns:
        int64 in [0, num_images), of the shape of `places`.
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

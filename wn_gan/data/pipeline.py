"""Batches of training images, in an order that a restart continues."""

import os

import numpy as np
import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data.feed import Feed

# Of the cipher behind the permutation; from 8 on its output passed for random.
_ROUNDS = 16
_MAX_READERS = 8


def batches(
    config: Config,
    feed: Feed,
    start_step: int,
    strategy: tf.distribute.Strategy | None = None,
) -> tf.data.Dataset:
    """The training images from a step on.

    Args:
        config: of the run.
        feed: reads them.
        start_step: steps done.
        strategy: each of whose replicas gets its part of the global batch;
            default: one device gets it all.
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
    """Endless batches; every image once an epoch, freshly permuted.

    What stands at a place of a batch is a function of (seed, step, place),
    so a run that starts again at any step goes on exactly, on any number of
    shards. An epoch may end within a batch: the next begins in the same one.

    Args:
        feed: reads the images.
        batch_size: images of a batch, all shards together.
        seed: of the permutations.
        start_step: steps to leave out at the start.
        turns: batches of a step, given as one: each replica gets its piece
            of the first, then that of the second, ...
        shard: which worker's pieces to give.
        num_shards: number of workers.
        replicas: of this worker; each gets every `replicas`-th element.

    Returns:
        Elements `[turns * batch_size / (num_shards * replicas), height,
        width, channels]`, float32 in [0, 1].

    Raises:
        ValueError: if a batch cannot be cut into equal pieces.
    """
    pieces = num_shards * replicas
    size = batch_size // pieces
    if size * pieces != batch_size:
        raise ValueError(f"{batch_size} images are not {pieces} x as many")
    each = np.arange(turns * batch_size).reshape(turns, pieces, size)
    mine = each[:, shard * replicas : (shard + 1) * replicas]
    inside = tf.constant(mine.transpose(1, 0, 2).ravel(), tf.int64)
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
        batches = batches.rebatch(turns * size)
    return batches.prefetch(2)


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

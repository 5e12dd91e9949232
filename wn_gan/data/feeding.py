"""The training images of a config, for one device or many."""

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data.pipeline import Augmentation, Feed, training_batches
from wn_gan.data.splits import Split


def feed_of(config: Config, split: Split) -> Feed:
    """What reads the training images."""
    augmentation = Augmentation(
        config.seed, config.random_crop, config.horizontal_flip
    )
    return Feed(split.train, augmentation)


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

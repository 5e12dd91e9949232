"""Prints a preview of a run without starting it."""

import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data import (
    Split,
    batches,
    check_batch,
    feed_of,
    load_split,
)
from wn_gan.distribution import check_batch_size, make_strategy, planned_workers
from wn_gan.flag_defs import to_flag_file
from wn_gan.gan.building import build_gan, check_sizes
from wn_gan.gan.memory import check_memory, estimated_bytes
from wn_gan.gan.model import GAN
from wn_gan.progress import format_seconds, say
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.same_run import check_run, with_own_sizes
from wn_gan.train.compiling import check_xla, uses_xla
from wn_gan.train.loop import TrainingLoop, most_steps_per_call
from wn_gan.train.onednn import check_precision

TIMED_STEPS = 5


def describe(config: Config, allow_change: Sequence[str] = ()) -> None:
    """Prints the config, parameter counts, split sizes and a time estimate.

    Writes no file. The estimate covers only training steps and comes from a
    few of them; of several machines it is this one's alone.

    Args:
        config: of the run.
        allow_change: as for `train`.

    Raises:
        UserError: for any input that training would reject.
    """
    strategy = tf.distribute.get_strategy()
    if config.strategy != "multi_worker":
        strategy = make_strategy(config)
    check_batch_size(config.batch_size, strategy)
    if config.run_dir is not None:
        check_run(RunFolder(config.run_dir), config, allow_change)
    check_precision(config.precision)
    check_xla(config, strategy)
    sized = config
    if config.run_dir is not None and "dataset" not in allow_change:
        sized = with_own_sizes(RunFolder(config.run_dir), config)
    split = load_split(sized, download=False)
    shape = split.image_set.image_shape
    check_sizes(config, shape)
    workers = planned_workers(config)
    check_memory(config, shape, workers)
    check_batch(config, split)
    parts = split.description()
    height, width, channels = parts["image_shape"]
    with tempfile.TemporaryDirectory() as folder, strategy.scope():
        gan = build_gan(config, shape)
        xla, line = uses_xla(config, split, Path(folder) / "xla.json", strategy)
        seconds = seconds_per_step(gan, config, split, xla)
    lines = to_flag_file(config).splitlines() + [line] * (line is not None)
    for network in (gan.generator, gan.discriminator):
        count = sum(
            math.prod(weight.shape) for weight in network.trainable_variables
        )
        lines.append(f"{network.name}: {count:,} parameters")
    lines.append(f"images: {width}x{height}, {channels} channels")
    for part, count in parts["num_images"].items():
        lines.append(f"{part} images: {count:,}")
    lines.append(f"split sha256: {parts['sha256']}")
    lines += [f"skipped {line}" for line in parts["skipped"]]
    memory = estimated_bytes(config, shape, workers) / 2**20
    lines.append(f"about {memory:,.0f} MiB of memory, without the images")
    lines.append(
        f"about {format_seconds(seconds * config.train_steps)} for "
        f"{config.train_steps:,} steps of {seconds:.3f} s on this machine "
        f"({config.batch_size / seconds:.0f} images/s)"
    )
    say("\n".join(lines))


def seconds_per_step(
    gan: GAN, config: Config, split: Split, xla: bool
) -> float:
    """Mean time of a few steps, after one call that compiles them.

    Args:
        gan: will have been trained by these steps.
        config: config of the run.
        split: split of its images.
        xla: whether XLA compiles the step.
    """
    steps = most_steps_per_call(config, split.image_set.image_shape)
    strategy, feed = tf.distribute.get_strategy(), feed_of(config, split)
    loop = TrainingLoop(gan, strategy, xla, config.bfloat16_convolutions)
    with feed.naming_errors():
        stream = iter(batches(config, feed, 0, strategy))
        for calls in (1, TIMED_STEPS):
            start = time.perf_counter()
            for _ in range(calls):
                losses, _ = loop(stream, steps)
            losses["g_loss"].numpy()
    return (time.perf_counter() - start) / (TIMED_STEPS * steps)

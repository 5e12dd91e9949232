"""What a run would be, without beginning it."""

import math
import time

import tensorflow as tf
from rich.console import Console

from wn_gan.building import build_gan
from wn_gan.config import Config
from wn_gan.data import batches, feed_of, load_split
from wn_gan.flag_defs import to_flag_file
from wn_gan.loop import TrainingLoop
from wn_gan.model import GAN
from wn_gan.progress import format_seconds
from wn_gan.run_folder import RunFolder

TIMED_STEPS = 5


def describe(config: Config) -> None:
    """Prints the config, parameter counts, split sizes and a time estimate.

    Writes nothing. The estimate is that of the training steps alone, from a
    few of them.

    Raises:
        UserError: for whatever training itself would refuse.
    """
    if config.run_dir is not None:
        RunFolder(config.run_dir).check(config)
    split = load_split(config)
    gan = build_gan(config, split.image_set.image_shape)
    parts = split.description()
    height, width, channels = parts["image_shape"]
    seconds = _seconds_per_step(gan, config, split)
    out = Console(highlight=False, soft_wrap=True)
    out.print(to_flag_file(config), end="", markup=False)
    for network in (gan.generator, gan.discriminator):
        count = sum(
            math.prod(weight.shape) for weight in network.trainable_variables
        )
        out.print(f"{network.name}: {count:,} parameters")
    out.print(f"images: {width}x{height}, {channels} channels")
    for part, count in parts["num_images"].items():
        out.print(f"{part} images: {count:,}")
    out.print(f"split sha256: {parts['sha256']}")
    for line in parts["skipped"]:
        out.print(f"skipped {line}", markup=False)
    out.print(
        f"about {format_seconds(seconds * config.train_steps)} for "
        f"{config.train_steps:,} steps of {seconds:.3f} s here "
        f"({config.batch_size / seconds:.0f} images/s)"
    )


def _seconds_per_step(gan: GAN, config: Config, split) -> float:
    """The mean of a few steps, after one that compiles them."""
    steps = config.steps_per_execution
    stream = iter(batches(config, feed_of(config, split), start_step=0))
    strategy = tf.distribute.get_strategy()
    loop = TrainingLoop(gan, strategy, steps, config.jit_compile)
    for calls in (1, TIMED_STEPS):
        start = time.perf_counter()
        for _ in range(calls):
            losses, _ = loop(stream)
        losses["g_loss"].numpy()
    return (time.perf_counter() - start) / (TIMED_STEPS * steps)

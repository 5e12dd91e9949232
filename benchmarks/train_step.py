"""What the training command costs beyond the bare training step.

    python benchmarks/train_step.py [flags of wn_gan.train]

Times, turn and turn about in one process, the two updates as one
`tf.function` on a constant batch, and the command's own loop with all that
is on by default: input pipeline, metrics, TensorBoard, sample grid, a running
test and a checkpoint. Both take a tenth of the steps a turn, so a machine
whose speed drifts is the same machine for both. Prints images/s of both and
their ratio. Defaults: CIFAR size (on noise, so that no data are needed),
batch 64, 1,000 steps.
"""

import sys
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

from wn_gan import cli
from wn_gan.building import build_gan
from wn_gan.callbacks import Schedule
from wn_gan.config import Config
from wn_gan.data import ImageSet, Split, array_images, make_split
from wn_gan.flag_defs import config_from_flags, define_config_flags
from wn_gan.run_folder import RunFolder
from wn_gan.signals import StopRequest
from wn_gan.training import (
    batches,
    build_actions,
    feed_of,
    open_run,
)

TURNS = 10


def noise(config: Config) -> Split:
    """As many images as CIFAR-10 has, of its size."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (50_000, 32, 32, 3), np.uint8
    )
    return make_split(
        ImageSet("noise", array_images(pixels)),
        config.running_test_images,
        config.final_test_images,
        config.split_seed,
    )


class TakeTurns(keras.callbacks.Callback):
    """Stops the loop's clock now and then for as many bare steps.

    Comes after the schedule, whose actions are the loop's time.

    Args:
        bare: runs one bare step.
        steps: of a turn.
    """

    def __init__(self, bare, steps: int):
        """See the class."""
        super().__init__()
        self.bare = bare
        self.steps = steps
        self.loop_seconds: list[float] = []
        self.bare_seconds: list[float] = []

    def on_train_begin(self, logs=None):
        """Starts the loop's clock."""
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Ends a turn of the loop and takes one of bare steps."""
        if (batch + 1) % self.steps:
            return
        middle = time.perf_counter()
        self.loop_seconds.append(middle - self._start)
        for _ in range(self.steps):
            losses = self.bare()
        losses["g_loss"].numpy()
        self._start = time.perf_counter()
        self.bare_seconds.append(self._start - middle)


def measure(config: Config) -> None:
    """Takes turns and prints."""
    split = noise(config)
    feed = feed_of(config, split)
    shape = split.image_set.image_shape
    bare, looped = build_gan(config, shape), build_gan(config, shape)
    batch = next(iter(batches(config, feed, 0)))
    step = tf.function(bare.train_step)
    looped.fit(
        batches(config, feed, 0), steps_per_epoch=3, verbose=0, shuffle=False
    )
    looped.step.assign(0)
    step(batch)
    turns = TakeTurns(lambda: step(batch), config.train_steps // TURNS)
    with (
        tempfile.TemporaryDirectory() as path,
        open_run(config, RunFolder(path), looped) as run,
        StopRequest() as stop,
    ):
        looped.fit(
            batches(config, feed, 0),
            steps_per_epoch=config.train_steps,
            verbose=0,
            shuffle=False,
            callbacks=[
                Schedule(run, build_actions(run, split, feed), stop),
                turns,
            ],
        )
    report(config, np.array(turns.bare_seconds), np.array(turns.loop_seconds))


def report(config: Config, bare: np.ndarray, loop: np.ndarray) -> None:
    """Prints images/s of both and their ratio."""
    images = config.train_steps * config.batch_size
    print(f"bare step: {images / bare.sum():.1f} images/s")
    print(f"command's loop: {images / loop.sum():.1f} images/s")
    ratios = " ".join(f"{ratio:.2f}" for ratio in bare / loop)
    print(f"ratio: {bare.sum() / loop.sum():.3f} of the whole; turns {ratios}")


def main(flag_values) -> int:
    """Measures at the given flags."""
    measure(config_from_flags(flag_values))
    return 0


def define_flags(flag_values) -> None:
    """The options of a run, with this benchmark's defaults."""
    define_config_flags(flag_values)
    for name, value in (("batch_size", 64), ("train_steps", 1000)):
        flag_values.set_default(name, value)


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

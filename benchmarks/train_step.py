"""Overhead of the training command over the bare training step.

    python benchmarks/train_step.py [flags of wn_gan.train]

Times the two updates as one `tf.function` on a constant batch, and the
command's own loop with its defaults: input pipeline, metrics, TensorBoard,
sample grid, a running test and a checkpoint. They alternate in one process,
with a tenth of the steps per turn, so a drift of the machine's speed affects
both alike. Prints images/s of both and their ratio. Defaults: CIFAR size (noise
images, so no data set is needed), batch 64, 1,000 steps.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.data import (
    ImageSet,
    Split,
    array_images,
    batches,
    feed_of,
    make_split,
)
from wn_gan.gan.building import build_gan
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.train.actions.watch_feed import WatchFeed
from wn_gan.train.loop import TrainingLoop, most_steps_per_call
from wn_gan.train.opening import open_run
from wn_gan.train.train_run import build_schedule

TURNS = 10


def noise(config: Config) -> Split:
    """Returns noise images, in number and size like CIFAR-10's."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (50_000, 32, 32, 3), np.uint8
    )
    return make_split(
        ImageSet("noise", array_images(pixels)),
        config.running_test_images,
        config.final_test_images,
        config.split_seed,
    )


def main(config: Config) -> None:
    """Measures both alternately and prints the results."""
    report(config, *measure(config))


def measure(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of the bare steps and of the loop, per turn."""
    split = noise(config)
    feed = feed_of(config, split)
    bare = build_gan(config, split.image_set.image_shape)
    batch = next(iter(batches(config, feed, 0)))
    bare_step = tf.function(bare.train_step)
    bare_step(batch)
    strategy = tf.distribute.get_strategy()
    loop_seconds, bare_seconds = [], []
    with (
        tempfile.TemporaryDirectory() as path,
        open_run(
            config,
            RunFolder(path),
            split,
            FailureLog(Path(path) / "failures.json"),
            strategy,
        ) as run,
    ):
        watch = WatchFeed(run, feed)
        schedule = build_schedule(run, split, watch)
        loop = TrainingLoop(run.gan, strategy)
        stream = iter(batches(config, feed, 0))
        loop(stream)  # traced before the clock starts
        most = most_steps_per_call(config, split.image_set.image_shape)
        for turn in range(TURNS):
            start = time.perf_counter()
            last = (turn + 1) * (config.train_steps // TURNS)
            while (step := run.state.step) < last:
                steps = min(most, config.steps_until_due(step), last - step)
                with watch.steps(steps):
                    logs, _ = loop(stream, steps)
                run.state.step += steps
                schedule.after_step(logs)
            middle = time.perf_counter()
            for _ in range(config.train_steps // TURNS):
                losses = bare_step(batch)
            losses["g_loss"].numpy()
            loop_seconds.append(middle - start)
            bare_seconds.append(time.perf_counter() - middle)
    return np.array(bare_seconds), np.array(loop_seconds)


def report(config: Config, bare: np.ndarray, loop: np.ndarray) -> None:
    """Prints images/s of both and their ratio."""
    images = config.train_steps * config.batch_size
    print(f"bare step: {images / bare.sum():.1f} images/s")
    print(f"command's loop: {images / loop.sum():.1f} images/s")
    ratios = " ".join(f"{ratio:.2f}" for ratio in bare / loop)
    print(f"ratio: {bare.sum() / loop.sum():.3f} overall; per turn {ratios}")


if __name__ == "__main__":
    defaults = {"batch_size": 64, "train_steps": 1000}
    sys.exit(cli.run_verb(__doc__, (Config,), main, defaults=defaults))

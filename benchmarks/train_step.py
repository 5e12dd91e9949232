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

import numpy as np
import tensorflow as tf

from wn_gan import cli
from wn_gan.callbacks import Schedule
from wn_gan.config import Config
from wn_gan.data import ImageSet, Split, make_split
from wn_gan.flag_defs import config_from_flags, define_config_flags
from wn_gan.run_folder import RunFolder
from wn_gan.signals import StopRequest
from wn_gan.training import batches, build_actions, build_gan, open_run

TURNS = 10


def noise(config: Config) -> Split:
    """As many images as CIFAR-10 has, of its size."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (50_000, 32, 32, 3), np.uint8
    )
    return make_split(
        ImageSet("noise", pixels),
        config.running_test_images,
        config.final_test_images,
        config.split_seed,
    )


def bare_seconds(step, batch: tf.Tensor, steps: int) -> float:
    """Time of the two updates alone."""
    start = time.perf_counter()
    for _ in range(steps):
        losses = step(batch)
    losses["g_loss"].numpy()
    return time.perf_counter() - start


def loop_seconds(run, split: Split, actions, steps: int) -> float:
    """Time of the command's loop; it goes on where it was."""
    start = time.perf_counter()
    with StopRequest() as stop:
        run.gan.fit(
            batches(run.config, split, run.standing.step),
            steps_per_epoch=steps,
            verbose=0,
            shuffle=False,
            callbacks=[Schedule(run, actions, stop)],
        )
    return time.perf_counter() - start


def measure(config: Config) -> None:
    """Takes turns and prints."""
    split = noise(config)
    shape = split.image_set.image_shape
    bare, looped = build_gan(config, shape), build_gan(config, shape)
    batch = next(iter(batches(config, split, 0)))
    step = tf.function(bare.train_step)
    steps = config.train_steps // TURNS
    bare_seconds(step, batch, 3)
    looped.fit(
        batches(config, split, 0), steps_per_epoch=3, verbose=0, shuffle=False
    )
    looped.step.assign(0)
    ratios, totals = [], [0.0, 0.0]
    with (
        tempfile.TemporaryDirectory() as path,
        open_run(config, RunFolder(path), looped) as run,
    ):
        actions = build_actions(run, split)
        for _ in range(TURNS):
            alone = bare_seconds(step, batch, steps)
            full = loop_seconds(run, split, actions, steps)
            totals = [totals[0] + alone, totals[1] + full]
            ratios.append(alone / full)
    images = TURNS * steps * config.batch_size
    print(f"bare step: {images / totals[0]:.1f} images/s")
    print(f"command's loop: {images / totals[1]:.1f} images/s")
    print(
        f"ratio: {totals[0] / totals[1]:.3f} of the whole; by turn "
        f"{min(ratios):.3f} to {max(ratios):.3f}, median "
        f"{np.median(ratios):.3f}"
    )


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

"""Cost of reading images in a training run.

    python benchmarks/data.py [flags of wn_gan.train]

Times the same training step on the data set of the flags and on one constant
batch, alternately in one process. Each turn begins with a few untimed steps,
which use up (or fill) the prefetched batches. Prints images/s of both, their
ratio over all turns, and the range of the ratio over single turns.
"""

import dataclasses
import sys
import time

import numpy as np
import tensorflow as tf

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.config.option import option
from wn_gan.data import batches, feed_of, load_split
from wn_gan.gan.building import build_gan

UNTIMED_STEPS = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataBenchmarkOptions:
    """Options of this benchmark."""

    turns: int = option(8, "Turns of each kind.", minimum=1)


def seconds(step, batches_of_turn, count: int) -> float:
    """Returns the seconds of `count` steps, after the untimed steps."""
    for _ in range(UNTIMED_STEPS):
        losses = step(next(batches_of_turn))
    losses["g_loss"].numpy()
    start = time.perf_counter()
    for _ in range(count):
        losses = step(next(batches_of_turn))
    losses["g_loss"].numpy()
    return time.perf_counter() - start


def measure(config: Config, turns: int) -> None:
    """Measures both alternately and prints the results."""
    split = load_split(config)
    gan = build_gan(config, split.image_set.image_shape)
    stream = batches(config, feed_of(config, split), 0)
    real = iter(stream)
    constant = iter(
        tf.data.Dataset.from_tensors(next(iter(stream))).repeat().prefetch(2)
    )
    step = tf.function(gan.train_step, reduce_retracing=True)
    step(next(real))
    count = config.train_steps // turns
    times = np.array(
        [
            (seconds(step, constant, count), seconds(step, real, count))
            for _ in range(turns)
        ]
    )
    images = count * turns * config.batch_size
    fixed, read = times.sum(axis=0)
    ratios = times[:, 0] / times[:, 1]
    print(
        f"{config.dataset} {split.image_set.image_shape}: "
        f"{images / read:.1f} images/s, constant batch {images / fixed:.1f}; "
        f"ratio {fixed / read:.3f} ({turns} turns of {count} steps: "
        f"{ratios.min():.2f} to {ratios.max():.2f})"
    )


def main(config: Config, options: DataBenchmarkOptions) -> None:
    """Measures with the given flags."""
    measure(config, options.turns)


if __name__ == "__main__":
    kinds = (Config, DataBenchmarkOptions)
    defaults = {"train_steps": 80}
    sys.exit(cli.run_verb(__doc__, kinds, main, defaults=defaults))

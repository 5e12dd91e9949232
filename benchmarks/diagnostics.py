"""Cost of diagnostics, in training steps.

    python benchmarks/diagnostics.py [flags of wn_gan.train]

Times one call of `Diagnostics` and ten steps on a constant batch, alternately
in one process. Prints the median and the range of their ratios. Defaults: CIFAR
size, batch 64.
"""

import sys
import time

import numpy as np
import tensorflow as tf

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.train.diagnostics import Diagnostics

TURNS = 12
STEPS = 10


def main(config: Config) -> None:
    """Measures both alternately and prints the results."""
    gan = build_gan(config, (32, 32, 3))
    images = np.random.default_rng(0).random((64, 32, 32, 3), np.float32)
    look = Diagnostics(gan, images)
    step = tf.function(gan.train_step)
    batch = tf.constant(images[: config.batch_size])
    look(), step(batch)
    ratios = []
    for _ in range(TURNS):
        start = time.perf_counter()
        look()
        middle = time.perf_counter()
        for _ in range(STEPS):
            losses = step(batch)
        losses["g_loss"].numpy()
        end = time.perf_counter()
        ratios.append((middle - start) / (end - middle) * STEPS)
    print(
        f"diagnostics cost {np.median(ratios):.2f} steps "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {TURNS} turns)"
    )


if __name__ == "__main__":
    defaults = {"batch_size": 64}
    sys.exit(cli.run_verb(__doc__, (Config,), main, defaults=defaults))

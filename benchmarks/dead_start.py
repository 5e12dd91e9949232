r"""An initialization with which weight normalization fails, and its cures.

Trains like `python -m wn_gan.train`, with the same flags, but initializes all
kernels from N(0, 0.02) and uses Keras' RMSprop (epsilon 1e-7 inside the root).
Many DCGANs start this way; the paper's authors do not.

    python benchmarks/dead_start.py --flagfile=flags/fashion_mnist_wn.cfg \
        --features=64 --on_failure=ignore --run_dir=runs/dead
"""

import sys
from collections.abc import Sequence

import keras

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.gan.model import GAN
from wn_gan.train import opening
from wn_gan.train.train_run import train


def build(config: Config, image_shape: Sequence[int]) -> GAN:
    """Builds a GAN with this initialization and optimizer."""
    gan = build_gan(config, image_shape)
    initial = keras.initializers.RandomNormal(stddev=0.02, seed=config.seed)
    for network in (gan.generator, gan.discriminator):
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                layer.kernel.assign(initial(tuple(layer.kernel.shape)))
    gan.compile(
        *(
            keras.optimizers.RMSprop(rate, rho=0.9, epsilon=1e-7)
            for rate in (config.g_learning_rate, config.d_learning_rate)
        )
    )
    return gan


def main(config: Config) -> int:
    """Trains; returns the exit status."""
    opening.build_gan = build
    return train(config)


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, (Config,), main))

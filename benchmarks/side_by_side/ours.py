"""Worker: this package's training step."""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import Case
from benchmarks.side_by_side.floor import step_gflop
from benchmarks.side_by_side.network_plan import save_plan
from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.gan.model import GAN
from wn_gan.train.onednn import bfloat16_convolutions

CHECKED_IMAGES = 4


def config_of(case: Case) -> Config:
    """Returns the config of a case."""
    return Config(
        norm=case.norm,
        architecture=case.architecture,
        features=case.features,
        batch_size=case.batch_size,
        code_size=case.code_size,
        update_order=case.order,
    )


def build(case: Case) -> GAN:
    """Builds the GAN of a case, untrained."""
    shape = (case.image_size, case.image_size, 3)
    return build_gan(config_of(case), shape)


def save_twin(gan: GAN, case: Case, folder: Path) -> None:
    """Writes both networks as plans, with values to check them by."""
    generator = np.random.default_rng(0)
    z = generator.standard_normal((CHECKED_IMAGES, case.code_size), np.float32)
    images = gan.generator(z, training=True)
    logits = gan.discriminator(images, training=True)
    save_plan(gan.generator, folder / "generator.npz")
    save_plan(gan.discriminator, folder / "discriminator.npz")
    np.savez(folder / "values.npz", z=z, images=images, logits=logits)


def parameters(gan: GAN) -> dict[str, int]:
    """The number of trained parameters of each network."""
    return {
        network.name: sum(int(np.prod(w.shape)) for w in weights)
        for network in (gan.generator, gan.discriminator)
        for weights in [network.trainable_variables]
    }


def main(case: Case, folder: Path, jit_compile: bool) -> None:
    """Writes the networks to a folder and times the step on noise."""
    gan = build(case)
    save_twin(gan, case, folder)
    images = np.random.default_rng(0).random(
        (case.batch_size, case.image_size, case.image_size, 3), np.float32
    )
    batch, function = (
        tf.constant(images),
        tf.function(gan.train_step, jit_compile=jit_compile),
    )

    def step():
        with bfloat16_convolutions(case.precision == "bfloat16"):
            return function(batch)

    worker.images_per_second(
        step,
        lambda results: results["g_loss"].numpy(),
        case.batch_size,
        {
            "version": f"TensorFlow {tf.__version__}, Keras "
            f"{keras.__version__}",
            "parameters": parameters(gan),
            "gflop_per_image": step_gflop(gan, case),
        },
    )


if __name__ == "__main__":
    main(Case.from_json(sys.argv[1]), Path(sys.argv[2]), "xla" in sys.argv[3:])

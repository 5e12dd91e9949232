"""A trained generator z -> images, from a run or a SavedModel."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.generators.codes import draw_codes, truncations
from wn_gan.generators.saved_model import load_generator, newest_version
from wn_gan.images import to_uint8
from wn_gan.networks.fold import folded
from wn_gan.runs.trained_run import open_trained_run

BATCH = 100


@dataclasses.dataclass
class Generator:
    """A trained generator; call it with latent codes.

    Attributes:
        generate: z `[batch, code_size]` -> images in [0, 1].
        code_size: length of a code.
        image_shape: height, width and channels.
        dtype: dtype of the codes.
    """

    generate: Callable[[tf.Tensor], tf.Tensor]
    code_size: int
    image_shape: tuple[int, int, int]
    dtype: tf.DType = tf.float32

    def __call__(self, z: tf.Tensor) -> tf.Tensor:
        """Generates images.

        Args:
            z: `[batch, code_size]`, standard normal.

        Returns:
            `[batch, height, width, channels]`, float in [0, 1].
        """
        return self.generate(tf.cast(z, self.dtype))

    def codes(
        self, first_seed: int, count: int, truncation: float | None = None
    ) -> np.ndarray:
        """Draws one code per seed, like an exported model's `sample`.

        Args:
            first_seed: first of `count` consecutive seeds.
            count: number of codes.
            truncation: see `codes.draw_codes`; None for no truncation.

        Returns:
            float32 `[count, code_size]`.
        """
        seeds = tf.range(first_seed, first_seed + count, dtype=tf.int64)
        limits = truncations(count, truncation)
        return draw_codes(seeds, limits, self.code_size).numpy()

    def pictures(self, codes: np.ndarray) -> np.ndarray:
        """Generates images, uint8 `[n, height, width, channels]`."""
        parts = [
            np.asarray(self(codes[first : first + BATCH]), np.float32)
            for first in range(0, len(codes), BATCH)
        ]
        return np.concatenate([to_uint8(part) for part in parts])


def open_generator(
    path: str | Path, checkpoint: str = "best", average: bool = False
) -> Generator:
    """Opens a trained generator.

    Args:
        path: a run folder, a SavedModel, or a folder with numbered versions
            of one, of which the newest is used.
        checkpoint: for a run: "best", "last" or a step.
        average: for a run: whether to use the moving average of its weights.

    Raises:
        UserError: if the path or the checkpoint is missing or unusable.
    """
    if (Path(path) / "config.cfg").exists():
        return generator_of_run(path, checkpoint, average)
    return generator_of_saved_model(path)


def generator_of_run(
    run_dir: str | Path, checkpoint: str = "best", average: bool = False
) -> Generator:
    """Opens a checkpoint's generator, folded; see `open_generator`."""
    run = open_trained_run(run_dir)
    (name,) = run.checkpoints.names(checkpoint)
    generator = run.untrained_generator()
    run.restore(generator, name, average)
    plain = folded(generator)
    return Generator(
        lambda z: plain(z, training=False),
        run.config.code_size,
        run.image_shape,
        tf.as_dtype(plain.input.dtype),
    )


def generator_of_saved_model(path: str | Path) -> Generator:
    """Opens the signature `serving_default` (z -> images) of a SavedModel."""
    generate, z, images = load_generator(newest_version(path))
    return Generator(generate, z.shape[1], tuple(images.shape[1:]), z.dtype)

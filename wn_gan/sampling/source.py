"""Where images come from: a run's checkpoint, or any SavedModel."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan import images
from wn_gan.evaluation.foreign import load_generator
from wn_gan.exporting import draw_codes, versions
from wn_gan.networks.fold import fold, folded_twin
from wn_gan.trained import open_trained

BATCH = 100


@dataclasses.dataclass
class Source:
    """A generator that makes pictures.

    Attributes:
        generate: z `[batch, code_size]` -> images in [0, 1].
        code_size: length of a code.
        dtype: of codes.
    """

    generate: Callable[[tf.Tensor], tf.Tensor]
    code_size: int
    dtype: tf.DType = tf.float32

    def codes(
        self, first_seed: int, count: int, truncation: float = 1e9
    ) -> np.ndarray:
        """One a seed: the codes of an exported model's `sample`.

        Args:
            first_seed: the seeds are this one and those that follow.
            count: how many.
            truncation: see `exporting.draw_codes`.
        """
        seeds = tf.range(first_seed, first_seed + count, dtype=tf.int64)
        cuts = tf.fill([count], tf.constant(truncation, tf.float32))
        return draw_codes(seeds, cuts, self.code_size).numpy()

    def images(self, codes: np.ndarray) -> np.ndarray:
        """Uint8 `[n, height, width, channels]`."""
        parts = [
            self.generate(tf.cast(codes[first : first + BATCH], self.dtype))
            for first in range(0, len(codes), BATCH)
        ]
        return np.concatenate(
            [images.to_uint8(np.asarray(part, np.float32)) for part in parts]
        )


def open_run(
    run_dir: str | Path, checkpoint: str = "best", average: bool = False
) -> Source:
    """The generator of a checkpoint.

    Args:
        run_dir: of the run.
        checkpoint: "best", "last" or a step.
        average: whether to take the moving average of its weights.

    Raises:
        UserError: for a run or a checkpoint that is not there.
    """
    run = open_trained(run_dir)
    (name,) = run.checkpoint_names(checkpoint)
    gan = run.fresh_gan()
    run.restore(gan, name, average)
    twin = folded_twin(gan.generator)
    fold(gan.generator, twin)
    return Source(
        lambda z: twin(z, training=False),
        run.config.code_size,
        tf.as_dtype(twin.input.dtype),
    )


def open_saved_model(path: str) -> Source:
    """The `serving_default` of a SavedModel: z to images.

    Args:
        path: of the model's version, or of a folder of numbered versions:
            then the newest is taken.

    Raises:
        UserError: if there is none, or it is of another kind.
    """
    numbers = versions(Path(path))
    if numbers and not (Path(path) / "saved_model.pb").exists():
        path = str(Path(path) / str(max(numbers)))
    generate, z, _ = load_generator(path)
    return Source(generate, z.shape[1], z.dtype)

"""A batch-normalized generator, scored with three kinds of statistics."""

from collections.abc import Callable

import keras
import tensorflow as tf

from wn_gan.networks.fold import folded
from wn_gan.networks.statistics import batch_norms, estimate_statistics

MODES = ("moving", "standing", "batch")


def has_batch_norm(generator: keras.Model) -> bool:
    """Whether the modes differ for this generator."""
    return bool(batch_norms(generator))


def prepare_mode(generator: keras.Model, mode: str, batch_size: int) -> None:
    """Re-estimates the moving statistics, if the mode asks for it.

    Call it outside of a strategy's scope: the statistics are those of one
    device's forward passes.

    Args:
        generator: of this package.
        mode: see `in_mode`.
        batch_size: of the fresh codes.

    Raises:
        ValueError: for another mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
    if mode == "standing":
        estimate_statistics(generator, batch_size)


def in_mode(
    generator: keras.Model, mode: str
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The generator as a function z -> images, in one mode.

    Args:
        generator: of this package, after `prepare_mode`.
        mode: "moving" (statistics kept in training, folded into the
            kernels), "standing" (re-estimated over fresh codes, folded) or
            "batch" (those of the batch at hand: a result then depends on its
            neighbours).
    """
    if mode == "batch":
        return lambda z: generator(z, training=True)
    plain = folded(generator)
    return lambda z: plain(z, training=False)

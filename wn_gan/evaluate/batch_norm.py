"""A batch-normalized generator scored three ways."""

from collections.abc import Callable

import keras
import tensorflow as tf

from wn_gan import keras_compat, layers
from wn_gan.networks.fold import folded

MODES = ("moving", "standing", "batch")
STANDING_BATCHES = 100
_STANDING_SEED = 5_000


def has_batch_norm(generator: keras.Model) -> bool:
    """Whether the modes differ for this generator."""
    return bool(_batch_norms(generator))


def _batch_norms(generator: keras.Model) -> list[layers.BatchNorm]:
    found = keras_compat.all_layers(generator)
    return [layer for layer in found if isinstance(layer, layers.BatchNorm)]


def in_mode(
    generator: keras.Model, mode: str, batch_size: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The generator as a function z -> images, in one mode.

    Args:
        generator: of this package; `standing` and `batch` change its moving
            statistics.
        mode: "moving" (statistics kept in training, folded into the
            kernels), "standing" (re-estimated over fresh codes, folded) or
            "batch" (those of the batch at hand: a result then depends on its
            neighbours).
        batch_size: of the fresh codes.

    Raises:
        ValueError: for another mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
    if mode == "batch":
        return lambda z: generator(z, training=True)
    if mode == "standing":
        _estimate_standing(generator, batch_size)
    plain = folded(generator)
    return lambda z: plain(z, training=False)


def _estimate_standing(generator: keras.Model, batch_size: int) -> None:
    """Plain means over batches of fresh codes, by a momentum of i/(i+1)."""
    norms = _batch_norms(generator)
    kept = [norm.momentum for norm in norms]
    shape = [batch_size, generator.input_shape[-1]]
    for i in range(STANDING_BATCHES):
        for norm in norms:
            norm.momentum = i / (i + 1)
        z = tf.random.stateless_normal(
            shape, seed=[_STANDING_SEED, i], dtype=generator.input.dtype
        )
        generator(z, training=True)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum

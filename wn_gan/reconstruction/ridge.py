"""First guess of codes by ridge regression on the generator's samples."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from wn_gan.reconstruction.loss import Generate

SAMPLES = 4000
BATCH = 200
HELD_OUT = 400
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
_SEED = 11_000


def ridge_start(
    generate: Generate, code_size: int, dtype: tf.DType, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """Learns to guess z from the pixels of G(z), on 4,000 samples.

    The regression is in the dual form, so the linear system does not grow
    with the image. The penalty (in units of the kernel's mean diagonal) is
    the one that guesses 400 held-out codes best.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1].
        code_size: length of a code.
        dtype: dtype of the generator's input.
        seed: seed of the samples.

    Returns:
        A function: images `[batch, height, width, channels]` -> codes
        `[batch, code_size]`.
    """
    codes = tf.random.stateless_normal(
        [SAMPLES, code_size], seed=[_SEED, seed], dtype=dtype
    )
    pixels = np.concatenate(
        [
            _flat(generate(codes[first : first + BATCH]))
            for first in range(0, SAMPLES, BATCH)
        ]
    )
    mean = pixels.mean(axis=0)
    pixels -= mean
    z = codes.numpy()
    train, held_out = slice(HELD_OUT, None), slice(None, HELD_OUT)
    kernel = pixels[train] @ pixels[train].T
    cross = pixels[held_out] @ pixels[train].T
    unit = np.trace(kernel) / len(kernel)
    weights = [
        np.linalg.solve(
            kernel + penalty * unit * np.eye(len(kernel), dtype=kernel.dtype),
            z[train],
        )
        for penalty in PENALTIES
    ]
    errors = [np.mean((cross @ w - z[held_out]) ** 2) for w in weights]
    linear = pixels[train].T @ weights[int(np.argmin(errors))]
    return lambda images: (_flat(images) - mean) @ linear


def _flat(images) -> np.ndarray:
    images = np.asarray(images)
    return images.reshape(len(images), -1)

"""Preconditioner of the code search: a mean Gauss-Newton matrix.

The loss of a code has about the Hessian 2 J'J / pixels, J the Jacobian of the
generator. Its directions differ in scale by many powers of ten, and what one
image's search has to learn is much the same for all images.
"""

import numpy as np
import tensorflow as tf

from wn_gan.reconstruction.loss import Generate

SAMPLES = 500
BATCH = 100
CODE_SCALE = 0.1
"""Standard deviation of the sampled codes: searches start at 0."""
DAMPING = 1.0
"""Added to each eigenvalue, in units of their mean. Less needs fewer
evaluations, and finds codes farther from the prior."""
_SEED = 12_000


def preconditioner(
    generate: Generate,
    image_shape: tuple[int, int, int],
    code_size: int,
    dtype: tf.DType,
    prior_penalty: float = 0.0,
) -> np.ndarray:
    """Estimates the inverse square root of the loss's mean Hessian.

    J'J is the mean of v v' over v = J'u, u random signs per pixel
    (Hutchinson). It costs as much as 5 evaluations of 100 images, once for
    all images.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1].
        image_shape: height, width and channels.
        code_size: length of a code.
        dtype: dtype of the generator's input.
        prior_penalty: see `objective`.

    Returns:
        Symmetric `[code_size, code_size]`, of `dtype`; the identity if the
        generator gives values that are not finite.
    """
    hessian = np.zeros((code_size, code_size))
    for number in range(SAMPLES // BATCH):
        rows = _pullbacks(generate, image_shape, code_size, dtype, number)
        hessian += rows.T @ rows
    hessian *= 2 / (SAMPLES * np.prod(image_shape))
    hessian += 2 * prior_penalty / code_size * np.eye(code_size)
    if not np.isfinite(hessian).all():
        return np.eye(code_size, dtype=dtype.as_numpy_dtype)
    values, vectors = np.linalg.eigh(hessian)
    # A generator that ignores its code has the matrix 0.
    mean = np.mean(values) or 1.0
    scales = 1 / np.sqrt(np.maximum(values, 0) + DAMPING * mean)
    return ((vectors * scales) @ vectors.T).astype(dtype.as_numpy_dtype)


def _pullbacks(generate, image_shape, code_size, dtype, number) -> np.ndarray:
    """J'u of `BATCH` codes, float64 `[BATCH, code_size]`."""
    seed = [_SEED, number]
    z = CODE_SCALE * tf.random.stateless_normal(
        [BATCH, code_size], seed, dtype=dtype
    )
    bits = tf.random.stateless_uniform(
        [BATCH, *image_shape], seed, 0, 2, dtype=tf.int32
    )
    with tf.GradientTape() as tape:
        tape.watch(z)
        images = generate(z)
        total = tf.reduce_sum(images * tf.cast(2 * bits - 1, images.dtype))
    return tape.gradient(total, z).numpy().astype(np.float64)

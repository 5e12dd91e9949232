"""Code search for a batch of images, with one of the solvers."""

from typing import NamedTuple

import tensorflow as tf

from wn_gan.config import PRECONDITIONED, SOLVERS
from wn_gan.reconstruction import lbfgs, paper
from wn_gan.reconstruction.loss import Generate, objective, squared_errors


class Reconstruction(NamedTuple):
    """Result of a code search.

    Attributes:
        z: the codes, `[images, code_size]`.
        images: G(z), `[images, height, width, channels]` in [0, 1].
        losses: mean squared error of each image, `[images]`.
        curve: entry n is each image's loss after n gradient evaluations,
            `[evaluations + 1, images]`.
    """

    z: tf.Tensor
    images: tf.Tensor
    losses: tf.Tensor
    curve: tf.Tensor


def search_codes(
    generate: Generate,
    targets: tf.Tensor,
    start: tf.Tensor,
    solver: str,
    evaluations: int,
    prior_penalty: float = 0.0,
    batch_images: tf.Tensor | int | None = None,
    preconditioner: tf.Tensor | None = None,
    together: bool = False,
) -> Reconstruction:
    """Searches all codes of a batch at once; works in a `tf.function`.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1], differentiable.
        targets: `[batch, height, width, channels]` in [0, 1].
        start: initial codes, `[batch, code_size]`.
        solver: one of `SOLVERS`; `paper_batch_mean` is the authors' variant
            of `paper`; its result depends on the batch.
        evaluations: gradient evaluations per image.
        prior_penalty: see `objective`; the curve then includes it.
        batch_images: images of the whole batch, for `paper_batch_mean`, where
            `targets` are one replica's part of it; default: the targets.
        preconditioner: `[code_size, code_size]`, for `preconditioned_lbfgs`.
        together: whether an image depends on the other codes of its batch, as
            with batch norm's own statistics: see `lbfgs.minimize`.

    Raises:
        ValueError: for an unknown solver.
    """
    evaluate = objective(generate, targets, prior_penalty)
    if solver in ("lbfgs", PRECONDITIONED):
        z, found = lbfgs.minimize(
            evaluate, start, evaluations, preconditioner, together
        )
        images = generate(z)
        # Entry 0 is the loss at the start, found by the first evaluation.
        curve = tf.concat([found[:1], found], axis=0)
        return Reconstruction(z, images, squared_errors(images, targets), curve)
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {SOLVERS}, got {solver!r}")
    divisor: tf.Tensor | int = 1
    if solver == "paper_batch_mean":
        divisor = tf.shape(start)[0] if batch_images is None else batch_images
    z, found = paper.minimize(evaluate, start, evaluations, divisor)
    images = generate(z)
    losses = squared_errors(images, targets)
    last = losses + prior_penalty * tf.reduce_mean(z**2, axis=-1)
    curve = tf.concat([found, last[tf.newaxis]], axis=0)
    return Reconstruction(z, images, losses, curve)

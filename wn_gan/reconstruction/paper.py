"""Protocol `paper`: RMSProp on the codes, epsilon outside the root."""

import tensorflow as tf

from wn_gan.reconstruction.loss import Evaluate

LEARNING_RATE = 0.01
RHO = 0.9
EPSILON = 1e-6


def minimize(
    evaluate: Evaluate,
    start: tf.Tensor,
    evaluations: int,
    divisor: tf.Tensor | int = 1,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Minimizes each image's loss in its own code.

    Each image follows its own gradient, so its result does not depend on its
    neighbours or on the batch size.

    Args:
        evaluate: codes -> losses `[images]` and gradients.
        start: initial codes, `[images, code_size]`.
        evaluations: calls of `evaluate`, each followed by an update.
        divisor: of every gradient: 1, or, as the authors do, the number of
            images of the batch (the gradient of the batch's mean loss). With
            epsilon the result then depends on the batch size.

    Returns:
        The codes after the last update, and the losses of each evaluation
        (before its update), `[evaluations, images]`.
    """
    divisor = tf.cast(divisor, start.dtype)

    def update(i, z, mean_square, losses):
        found, gradient = evaluate(z)
        gradient /= divisor
        mean_square = RHO * mean_square + (1 - RHO) * gradient**2
        z -= LEARNING_RATE * gradient / (tf.sqrt(mean_square) + EPSILON)
        return i + 1, z, mean_square, losses.write(i, found)

    losses = tf.TensorArray(start.dtype, evaluations)
    _, z, _, losses = tf.while_loop(
        lambda i, *_: i < evaluations,
        update,
        (0, start, tf.zeros_like(start), losses),
    )
    return z, losses.stack()

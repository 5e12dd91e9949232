"""The loss that a code search minimizes."""

from collections.abc import Callable

import tensorflow as tf

Generate = Callable[[tf.Tensor], tf.Tensor]
Evaluate = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def squared_errors(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared error per image, `[batch]`, over pixels and channels.

    Args:
        images: `[batch, height, width, channels]` in [0, 1].
        targets: the same shape and dtype.
    """
    return tf.reduce_mean(tf.square(images - targets), axis=[1, 2, 3])


def objective(
    generate: Generate, targets: tf.Tensor, prior_penalty: float = 0.0
) -> Evaluate:
    """Returns a function: codes -> loss per image and its gradient.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1].
        targets: images to reconstruct, one per code, in [0, 1].
        prior_penalty: weight of a code's mean square, which keeps codes near
            the generator's training distribution; 0 for none.
    """

    def evaluate(z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(z)
            losses = squared_errors(generate(z), targets)
            if prior_penalty:
                losses += prior_penalty * tf.reduce_mean(z**2, axis=-1)
        return losses, tape.gradient(losses, z)

    return evaluate

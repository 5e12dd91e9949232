"""What a search for codes minimizes."""

from collections.abc import Callable

import tensorflow as tf

Generate = Callable[[tf.Tensor], tf.Tensor]
Evaluate = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def squared_errors(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared error of each image, `[batch]`, over pixels and channels.

    Args:
        images: `[batch, height, width, channels]` in [0, 1].
        targets: the same shape and dtype.
    """
    return tf.reduce_mean(tf.square(images - targets), axis=[1, 2, 3])


def objective(
    generate: Generate, targets: tf.Tensor, prior_penalty: float = 0.0
) -> Evaluate:
    """Codes -> each image's loss, and that loss's gradient in its code.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1].
        targets: images to be found, of the same batch.
        prior_penalty: weight of the mean square of a code, which keeps codes
            near those that the generator was trained on; 0 for none.
    """

    def evaluate(z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(z)
            losses = squared_errors(generate(z), targets)
            if prior_penalty:
                losses += prior_penalty * tf.reduce_mean(z**2, axis=-1)
        return losses, tape.gradient(losses, z)

    return evaluate

"""The paper's reconstruction loss: how near a generator can come to an image.

For each image x the code z is sought that minimizes the squared error of
G(z), with G frozen; the loss is the mean over pixels, channels and images,
pixels in [0, 1] (Xiang & Li 2017, section 4).
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from wn_gan.networks.fold import fold, folded_twin

# Protocol "paper": RMSProp with epsilon outside the root, z from zero.
LEARNING_RATE = 0.01
RHO = 0.9
EPSILON = 1e-6


class Reconstruction(NamedTuple):
    """What a search for codes found.

    Attributes:
        z: the codes, `[images, code_size]`.
        images: G(z), `[images, height, width, channels]` in [0, 1].
        losses: mean squared error of each image, `[images]`.
        curve: mean loss *before* each update, `[evaluations]`.
    """

    z: tf.Tensor
    images: tf.Tensor
    losses: tf.Tensor
    curve: tf.Tensor


def squared_errors(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared error of each image, `[batch]`, over pixels and channels.

    Args:
        images: `[batch, height, width, channels]` in [0, 1].
        targets: the same shape and dtype.
    """
    return tf.reduce_mean(tf.square(images - targets), axis=[1, 2, 3])


def search_codes(
    generate: Callable[[tf.Tensor], tf.Tensor],
    targets: tf.Tensor,
    code_size: int,
    evaluations: int,
    batch_mean: bool = False,
) -> Reconstruction:
    """Protocol `paper`: RMSProp on z from zero, inside a `tf.while_loop`.

    Each image follows its own gradient, so that the result for an image does
    not depend on its neighbours or on the batch size.

    Args:
        generate: z `[batch, code_size]` -> images in [0, 1], differentiable
            and without effect of one code on another's image.
        targets: `[batch, height, width, channels]` in [0, 1].
        code_size: length of a code.
        evaluations: gradient evaluations, each followed by an update.
        batch_mean: follow the gradient of the batch's mean loss instead, as
            the authors do; with epsilon the result then depends on the batch
            size.
    """
    batch = tf.shape(targets)[0]
    divisor = tf.cast(batch if batch_mean else 1, targets.dtype)

    def update(i, z, mean_square, curve):
        with tf.GradientTape() as tape:
            tape.watch(z)
            losses = squared_errors(generate(z), targets)
        gradient = tape.gradient(losses, z) / divisor
        mean_square = RHO * mean_square + (1 - RHO) * gradient**2
        z -= LEARNING_RATE * gradient / (tf.sqrt(mean_square) + EPSILON)
        curve = tf.tensor_scatter_nd_update(
            curve, [[i]], [tf.reduce_mean(losses)]
        )
        return i + 1, z, mean_square, curve

    start = tf.zeros([batch, code_size], targets.dtype)
    _, z, _, curve = tf.while_loop(
        lambda i, *_: i < evaluations,
        update,
        (0, start, start, tf.zeros([evaluations], targets.dtype)),
    )
    images = generate(z)
    return Reconstruction(z, images, squared_errors(images, targets), curve)


class RunningTest:
    """The small test during training, on a fixed set of held-out images.

    The generator's normalizations are folded into plain kernels once a test;
    the loop is traced once a run.

    Args:
        generator: of this package; read anew at every call.
        targets: `[images, height, width, channels]` float in [0, 1].
        evaluations: gradient evaluations an image.
        batch_size: images that are searched at once, for memory's sake; the
            result does not depend on it.
    """

    def __init__(
        self,
        generator: keras.Model,
        targets: np.ndarray,
        evaluations: int = 50,
        batch_size: int = 100,
    ):
        """See the class."""
        self.generator = generator
        self.targets = targets
        self.batch_size = batch_size
        self._folded = folded_twin(generator)
        dtype = tf.as_dtype(self._folded.output.dtype)
        image = tf.TensorSpec([None, *targets.shape[1:]], dtype)

        @tf.function(input_signature=[image])
        def search(batch):
            return search_codes(
                lambda z: self._folded(z, training=False),
                batch,
                generator.input_shape[-1],
                evaluations,
            )

        self._search = search
        self._dtype = dtype

    def __call__(self) -> tuple[float, np.ndarray]:
        """The mean loss of all images, and their reconstructions."""
        fold(self.generator, self._folded)
        found = []
        for first in range(0, len(self.targets), self.batch_size):
            batch = self.targets[first : first + self.batch_size]
            found.append(self._search(tf.cast(batch, self._dtype)))
        losses = np.concatenate([part.losses for part in found])
        images = np.concatenate([part.images for part in found])
        return float(losses.mean(dtype=np.float64)), images

"""Reconstructions of any number of images by any generator."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from wn_gan.config import PRECONDITIONED, STARTS
from wn_gan.distribution import over_replicas
from wn_gan.reconstruction.loss import Generate
from wn_gan.reconstruction.preconditioner import preconditioner
from wn_gan.reconstruction.ridge import ridge_start
from wn_gan.reconstruction.search import Reconstruction, search_codes


class Reconstructor:
    """Code search, traced once for all batches.

    Args:
        generate: any callable z `[batch, code_size]` -> images in [0, 1].
        image_shape: height, width and channels.
        code_size: length of a code.
        solver: see `search_codes`.
        evaluations: gradient evaluations per image.
        num_starts: searches per image; the best one counts. The first starts
            from `z_start`, the others from codes drawn by `seed`.
        prior_penalty: see `objective`.
        batch_size: images per batch and replica; changes memory, not results
            (except for `paper_batch_mean`). The replicas are those of the
            current strategy scope.
        dtype: dtype of the generator's input.
        seed: seed of the drawn starts and of the samples for "ridge".
        z_start: start of the first search: "zero", or "ridge", a guess
            learned from the generator's samples.
        together: whether an image depends on the other codes of its batch;
            then the best start is that of a batch.

    Raises:
        ValueError: for an unknown `z_start`.
    """

    def __init__(
        self,
        generate: Generate,
        image_shape: tuple[int, int, int],
        code_size: int,
        solver: str = "lbfgs",
        evaluations: int = 100,
        num_starts: int = 1,
        prior_penalty: float = 0.0,
        batch_size: int = 100,
        dtype: tf.DType | str = tf.float32,
        seed: int = 0,
        z_start: str = "zero",
        together: bool = False,
    ):
        if z_start not in STARTS:
            raise ValueError(
                f"z_start must be one of {STARTS}, got {z_start!r}"
            )
        self.guess: Callable | None = None
        if z_start == "ridge":
            self.guess = ridge_start(
                generate, code_size, tf.as_dtype(dtype), seed
            )
        self.code_size = code_size
        self.num_starts = num_starts
        self.batch_size = batch_size
        self.dtype = tf.as_dtype(dtype)
        self.seed = seed
        self._better = _better_batch if together else _better
        matrix = None
        if solver == PRECONDITIONED:
            matrix = preconditioner(
                generate, image_shape, code_size, self.dtype, prior_penalty
            )
        signature = [
            tf.TensorSpec([None, *image_shape], self.dtype),
            tf.TensorSpec([None, code_size], self.dtype),
            tf.TensorSpec([], tf.int32),
        ]

        def search(targets, start, batch_images):
            return search_codes(
                generate,
                targets,
                start,
                solver,
                evaluations,
                prior_penalty,
                batch_images,
                matrix,
                together,
            )

        self._search = tf.function(search, input_signature=signature)
        self._search_parts = self._on_replicas(search)
        self._strategy = tf.distribute.get_strategy()
        self._at_once = batch_size
        if solver != "paper_batch_mean":
            self._at_once *= self._strategy.num_replicas_in_sync

    def _on_replicas(self, search: Callable) -> Callable:
        """`search` over the replicas, each with its part of the images."""

        def search_parts(targets, start, batch_images):
            found = self._strategy.run(search, (targets, start, batch_images))
            gather = self._strategy.gather
            # The images are the curve's second axis.
            first = (gather(part, axis=0) for part in found[:-1])
            return Reconstruction(*first, gather(found[-1], axis=1))

        return tf.function(search_parts, reduce_retracing=True)

    def __call__(
        self,
        images: np.ndarray,
        first_image: int = 0,
        before_batch: Callable[[], None] = lambda: None,
    ) -> Reconstruction:
        """Searches the codes of images.

        Args:
            images: `[images, height, width, channels]` float in [0, 1].
            first_image: number of the first image in the whole set; the drawn
                starts are a function of an image's number.
            before_batch: called before each batch.

        Returns:
            The best start's result for each image, as NumPy arrays.
        """
        batches = []
        for first in range(0, len(images), self._at_once):
            before_batch()
            some = images[first : first + self._at_once]
            batches.append(self._best_of_starts(some, first_image + first))
        z, found, losses, curves = zip(*batches, strict=True)
        return Reconstruction(
            np.concatenate(z),
            np.concatenate(found),
            np.concatenate(losses),
            np.concatenate(curves, axis=1),
        )

    def _best_of_starts(self, images, first_image) -> Reconstruction:
        targets = tf.cast(images, self.dtype)
        best = None
        for number in range(self.num_starts):
            start = self._start(number, first_image, targets)
            found = self._search_on_replicas(targets, start)
            found = Reconstruction(*(part.numpy() for part in found))
            best = found if best is None else self._better(best, found)
        return best

    def _search_on_replicas(self, targets, start) -> Reconstruction:
        """Splits the images over the replicas of all workers."""
        strategy = self._strategy
        replicas = strategy.num_replicas_in_sync
        if replicas == 1:
            return self._search(targets, start, len(targets))
        count = len(targets)
        each = -(-count // replicas)
        targets, start = (_padded(x, each * replicas) for x in (targets, start))
        parts = [
            over_replicas(strategy, lambda r, x=x: x[r * each : (r + 1) * each])
            for x in (targets, start)
        ]
        found = self._search_parts(*parts, tf.constant(count))
        return Reconstruction(
            *(part[:count] for part in found[:-1]), found.curve[:, :count]
        )

    def _start(
        self, number: int, first_image: int, targets: tf.Tensor
    ) -> tf.Tensor:
        count = len(targets)
        if number == 0 and self.guess is not None:
            return tf.cast(self.guess(targets), self.dtype)
        if number == 0:
            return tf.zeros([count, self.code_size], self.dtype)
        return tf.stack(
            [
                tf.random.stateless_normal(
                    [self.code_size],
                    seed=[self.seed * 1000 + number, i],
                    dtype=self.dtype,
                )
                for i in range(first_image, first_image + count)
            ]
        )


def _padded(rows: tf.Tensor, count: int) -> tf.Tensor:
    """Repeats the last row up to `count` rows: replicas get equal parts."""
    return tf.concat([rows, *[rows[-1:]] * (count - len(rows))], axis=0)


def _better(one: Reconstruction, other: Reconstruction) -> Reconstruction:
    """Takes the lower loss per image; the curve is the minimum of both."""
    better = other.losses < one.losses
    return Reconstruction(
        np.where(better[:, np.newaxis], other.z, one.z),
        np.where(
            better[:, np.newaxis, np.newaxis, np.newaxis],
            other.images,
            one.images,
        ),
        np.where(better, other.losses, one.losses),
        np.minimum(one.curve, other.curve),
    )


def _better_batch(one: Reconstruction, other: Reconstruction) -> Reconstruction:
    """Takes all of one batch: its codes belong together."""
    return other if other.losses.mean() < one.losses.mean() else one


def reconstruct(
    generator: Generate, images: np.ndarray, code_size: int, **options
) -> Reconstruction:
    """Reconstructs images with any differentiable generator.

    Args:
        generator: any callable z `[batch, code_size]` -> images
            `[batch, height, width, channels]` in [0, 1], such as a Keras
            model, that TensorFlow can differentiate. Pass it in inference
            mode: `lambda z: model(z, training=False)`.
        images: `[images, height, width, channels]`, uint8 or float in [0, 1].
        code_size: length of a code.
        **options: as for `Reconstructor`: `solver`, `evaluations`, ...

    Returns:
        Codes, reconstructions, losses and curves, as NumPy arrays.
    """
    if images.dtype == np.uint8:
        images = images / np.float32(255)
    search = Reconstructor(generator, images.shape[1:], code_size, **options)
    return search(images)

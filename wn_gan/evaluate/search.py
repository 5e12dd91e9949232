"""The search that the options of a test describe, and its protocol."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from wn_gan.config import RESIZE_FILTERS, SearchOptions
from wn_gan.data.pictures import content_sha256
from wn_gan.evaluate.final_test import PART_IMAGES
from wn_gan.evaluate.protocol import Protocol
from wn_gan.reconstruction import Reconstructor


def dependent_batch_size(options: SearchOptions, mode: str) -> int | None:
    """Images that are searched together; None if the result is the same.

    Args:
        options: of the search.
        mode: of batch norm.
    """
    if options.solver == "paper_batch_mean" or mode == "batch":
        return min(options.test_batch_size, PART_IMAGES)
    return None


def reconstructor(
    generate: Callable[[tf.Tensor], tf.Tensor],
    image_shape: tuple[int, int, int],
    code_size: int,
    options: SearchOptions,
    dtype: tf.DType,
    together: bool = False,
) -> Reconstructor:
    """A search by the options.

    Args:
        generate: z -> images in [0, 1].
        image_shape: height, width and channels.
        code_size: length of a code.
        options: of the search.
        dtype: that the generator takes.
        together: whether an image depends on the other codes of its batch.
    """
    return Reconstructor(
        generate,
        tuple(image_shape),
        code_size,
        solver=options.solver,
        evaluations=options.evaluations,
        z_start=options.z_start,
        num_starts=options.num_starts,
        prior_penalty=options.prior_penalty,
        batch_size=options.test_batch_size,
        dtype=dtype,
        together=together,
    )


def protocol_of(
    targets: np.ndarray,
    dataset: str,
    options: SearchOptions,
    resize_filter: str = RESIZE_FILTERS[0],
) -> Protocol:
    """The protocol of a test of these images.

    Args:
        targets: uint8 `[images, height, width, channels]`.
        dataset: their name.
        options: of the search.
        resize_filter: that they were resized with.
    """
    return Protocol(
        dataset=dataset,
        part_sha256=content_sha256(targets),
        num_images=len(targets),
        image_shape=tuple(targets.shape[1:]),
        resize=resize_filter,
        solver=options.solver,
        evaluations=options.evaluations,
        start=options.z_start,
        num_starts=options.num_starts,
        prior_penalty=options.prior_penalty,
        batch_size=dependent_batch_size(options, "moving"),
    )

"""Reads many images in pieces, in bounded memory."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from wn_gan.data.image_set import gather
from wn_gan.data.splits import Subset

PIECE_BYTES = 2**26
PIECE_IMAGES = 4096
_TASK_IMAGES = 16


def piece_size(image_shape: tuple[int, ...]) -> int:
    """Number of images of a piece: at least 1, at most `PIECE_IMAGES`.

    Args:
        image_shape: height, width and channels; a byte per number.
    """
    fitting = PIECE_BYTES // int(np.prod(image_shape))
    return min(max(fitting, 1), PIECE_IMAGES)


def read_pieces(
    images: Subset, indexes: np.ndarray, size: int
) -> Iterator[np.ndarray]:
    """Reads images in order, in threads, one piece ahead.

    Args:
        images: of which some are read.
        indexes: of the wanted images in `images`.
        size: images per piece; the last piece may have fewer.

    Yields:
        uint8 `[size, height, width, channels]`.

    Raises:
        UserError: if too many images cannot be read.
    """
    pool = ThreadPoolExecutor()
    try:
        ahead = None
        for first in range(0, len(indexes), size):
            begun = _begin(pool, images, indexes[first : first + size])
            if ahead is not None:
                yield _end(*ahead)
            ahead = begun
        if ahead is not None:
            yield _end(*ahead)
    finally:
        pool.shutdown(cancel_futures=True)


def read_images(images: Subset, indexes: np.ndarray) -> np.ndarray:
    """Reads images in threads: uint8 `[n, height, width, channels]`.

    Args:
        images: of which some are read.
        indexes: of the wanted images in `images`; at least one.
    """
    (piece,) = read_pieces(images, indexes, len(indexes))
    return piece


def _begin(
    pool: ThreadPoolExecutor, images: Subset, indexes: np.ndarray
) -> tuple[np.ndarray, list[Future]]:
    """Returns an array, and the tasks that fill it."""
    piece = np.empty((len(indexes), *images.shape[1:]), np.uint8)

    def fill(part: slice) -> None:
        if images.images.array is not None:
            piece[part] = images[indexes[part]]
        else:
            piece[part] = gather(images.read, indexes[part], piece.shape[1:])

    starts = range(0, len(indexes), _TASK_IMAGES)
    parts = [slice(first, first + _TASK_IMAGES) for first in starts]
    return piece, [pool.submit(fill, part) for part in parts]


def _end(piece: np.ndarray, tasks: list[Future]) -> np.ndarray:
    for task in tasks:
        task.result()
    return piece

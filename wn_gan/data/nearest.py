"""Nearest training images by mean squared error of the pixels."""

import numpy as np

from wn_gan.data.exact_products import products, squares
from wn_gan.data.pieces import piece_size, read_pieces
from wn_gan.data.splits import Subset

_LEVELS = 255
_TARGETS = 1024  # compared with a piece at a time, which bounds the memory


def nearest(
    train: Subset, images: np.ndarray, count: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest training images of each image.

    Args:
        train: the training images.
        images: uint8 `[n, height, width, channels]`.
        count: number of neighbours per image.

    Returns:
        Their indexes in `train` and their mean squared errors (of pixels in
        [0, 1]), nearest first, both `[n, count]`; with fewer training images
        `[n, len(train)]`. Of equally near images the first ones are taken.
    """
    found = Neighbours(images.reshape(len(images), -1), count)
    indexes = np.arange(len(train))
    done = 0
    for piece in read_pieces(train, indexes, piece_size(train.shape[1:])):
        flat = piece.reshape(len(piece), -1)
        found.update(indexes[done : done + len(piece)], flat)
        done += len(piece)
    kept = min(count, len(train))
    return found.indexes[:, :kept], found.errors()[:, :kept]


class Neighbours:
    """The nearest of the images seen so far, for each target.

    Args:
        targets: uint8 `[n, numbers]`.
        count: number of neighbours per target.
    """

    def __init__(self, targets: np.ndarray, count: int = 1):
        self.targets = targets
        self.indexes = np.full((len(targets), count), -1)
        """Of the neighbours, int `[n, count]`, nearest first; -1 for none."""
        self.distances = np.full((len(targets), count), np.inf)
        """Sums of squared differences of the uint8 pixels, exact."""
        self._squares = squares(targets)

    def errors(self) -> np.ndarray:
        """Mean squared errors of pixels in [0, 1], `[n, count]`."""
        return self.distances / self.targets.shape[1] / _LEVELS**2

    def update(self, indexes: np.ndarray, flat: np.ndarray) -> None:
        """Looks for neighbours among more images.

        Args:
            indexes: names of the images, int `[m]`.
            flat: uint8 `[m, numbers]`.
        """
        own = squares(flat)
        for first in range(0, len(self.targets), _TARGETS):
            some = slice(first, first + _TARGETS)
            # The target's own square is the same for all images.
            found = products(self.targets[some], flat)
            found *= -2
            found += own
            limits = self.distances[some, -1] - self._squares[some]
            nearer = np.flatnonzero(found.min(axis=1) < limits)
            self._merge(first + nearer, indexes, found[nearer])

    def _merge(
        self, rows: np.ndarray, indexes: np.ndarray, found: np.ndarray
    ) -> None:
        found += self._squares[rows, np.newaxis]
        distances = np.concatenate([self.distances[rows], found], axis=1)
        named = np.broadcast_to(indexes, found.shape)
        named = np.concatenate([self.indexes[rows], named], axis=1)
        count = self.distances.shape[1]
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        self.distances[rows] = np.take_along_axis(distances, order, axis=1)
        self.indexes[rows] = np.take_along_axis(named, order, axis=1)

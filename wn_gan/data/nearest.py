"""Nearest training images by mean squared error of the pixels."""

import numpy as np

from wn_gan.data import Subset
from wn_gan.images import to_unit

PIECE = 1000
BATCH = 100


def nearest(
    train: Subset, flat: np.ndarray, count: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest training images of each image.

    Args:
        train: the training images.
        flat: flattened images, float in [0, 1], `[images, numbers]`.
        count: number of neighbours per image.

    Returns:
        Their indexes in `train` and their mean squared errors, nearest
        first, both `[images, count]`.
    """
    places = np.zeros((len(flat), 0), int)
    errors = np.zeros((len(flat), 0))
    for first in range(0, len(train), PIECE):
        stored = to_unit(train[first : first + PIECE])
        piece = stored.reshape(len(stored), -1)
        found = np.concatenate([errors, _distances(flat, piece)], axis=1)
        numbers = np.arange(first, first + len(piece))
        named = np.concatenate(
            [places, np.broadcast_to(numbers, (len(flat), len(piece)))], axis=1
        )
        order = np.argsort(found, axis=1, kind="stable")[:, :count]
        errors = np.take_along_axis(found, order, axis=1)
        places = np.take_along_axis(named, order, axis=1)
    return places, errors


def _distances(flat: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Mean squared errors, `[images, images of the piece]`."""
    piece = piece.astype(float)
    squares = np.einsum("ij,ij->i", piece, piece)
    found = np.empty((len(flat), len(piece)))
    for first in range(0, len(flat), BATCH):
        some = flat[first : first + BATCH].astype(float)
        own = (some**2).sum(axis=1)[:, np.newaxis]
        found[first : first + BATCH] = own - 2 * (some @ piece.T) + squares
    return np.maximum(found, 0) / flat.shape[1]

"""Conversion of pixel ranges, image grids and PNGs.

Images are `[height, width, channels]` with 1 or 3 channels: uint8 in [0, 255]
in storage, float32 in [0, 1] in computation. Only this module converts them.
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from wn_gan.files import replacing


def to_unit(images: np.ndarray) -> np.ndarray:
    """Converts uint8 in [0, 255] to float32 in [0, 1]."""
    return images.astype(np.float32) / 255


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Converts float in [0, 1] to uint8, clipped and rounded to nearest."""
    return np.uint8(np.clip(np.asarray(images) * 255.0 + 0.5, 0, 255))


def from_array(image: np.ndarray) -> Image.Image:
    """Converts uint8 `[height, width, 1 or 3]` to a PIL image."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Tiles images row by row with one white pixel between them.

    Args:
        images: `[n, height, width, channels]`, uint8.
        columns: images per row; white fills up the last row.

    Returns:
        uint8 `[grid height, grid width, channels]`.
    """
    count, height, width, channels = images.shape
    rows = math.ceil(count / columns)
    tiles = np.full(
        (rows * columns, height + 1, width + 1, channels), 255, np.uint8
    )
    tiles[:count, :height, :width] = images
    tiles = tiles.reshape(rows, columns, height + 1, width + 1, channels)
    picture = tiles.transpose(0, 2, 1, 3, 4).reshape(
        rows * (height + 1), columns * (width + 1), channels
    )
    return picture[:-1, :-1]


def square_grid(images: np.ndarray) -> np.ndarray:
    """Tiles images with about as many rows as columns; see `grid`."""
    return grid(images, math.ceil(math.sqrt(len(images))))


def pairs_grid(targets: np.ndarray, results: np.ndarray) -> np.ndarray:
    """Tiles rows of eight targets, each above the row of its results."""
    rows = [
        part[first : first + 8]
        for first in range(0, len(targets), 8)
        for part in (targets, results)
    ]
    if len(rows[-1]) < 8:
        blank = np.full_like(targets[:1], 255).repeat(8, axis=0)
        rows = [np.concatenate([row, blank])[:8] for row in rows]
    return grid(np.concatenate(rows), columns=8)


def save_png(image: np.ndarray, path: str | Path) -> None:
    """Writes uint8 `[height, width, 1 or 3]` as a PNG, atomically.

    It does not wait for the disk: pictures can be made again.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, durable=False) as partial:
        from_array(image).save(partial, format="PNG")

"""Conversion of pixel ranges, image grids and PNGs.

Images are `[height, width, channels]` with 1 or 3 channels: uint8 in [0, 255]
in storage, float32 in [0, 1] in computation. Only this module converts them.
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from wn_gan.files import replacing

SHOWN_PIXELS = 800
_GAP_PIXELS, _CAPTION_PIXELS = 8, 16


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


def read_as_large(path: str | Path, size: tuple[int, int]) -> Image.Image:
    """A picture in RGB at the size of another one: the frames of an animation.

    Args:
        path: of the PNG.
        size: width and height.
    """
    with Image.open(path) as picture:
        return picture.convert("RGB").resize(size, Image.Resampling.NEAREST)


def enlarged(picture: np.ndarray) -> np.ndarray:
    """A picture enlarged by a whole number, to at most 800 pixels.

    Args:
        picture: uint8 `[height, width, channels]`.
    """
    factor = max(SHOWN_PIXELS // max(picture.shape[:2]), 1)
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two pictures of one height, with a white gap between them.

    Args:
        left: uint8 `[height, width, channels]`.
        right: of the same height and channels.
    """
    gap = np.full((len(left), _GAP_PIXELS, left.shape[-1]), 255, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def save_png(
    image: np.ndarray, path: str | Path, caption: str | None = None
) -> None:
    """Writes uint8 `[height, width, 1 or 3]` as a PNG, atomically.

    It does not wait for the disk: pictures can be made again.

    Args:
        image: the picture.
        path: of the file.
        caption: kept in the file's metadata, under "Description".
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = PngInfo()
    if caption is not None:
        metadata.add_itxt("Description", caption)
    with replacing(path, durable=False) as partial:
        from_array(image).save(partial, format="PNG", pnginfo=metadata)


def save_shown(
    picture: np.ndarray,
    path: str | Path,
    caption: str,
    description: str | None = None,
) -> None:
    """Writes a picture to look at: enlarged, with a caption below it.

    Args:
        picture: uint8 `[height, width, 1 or 3]`.
        path: of the PNG.
        caption: one line.
        description: for the file's metadata; default: the caption.
    """
    large = from_array(enlarged(picture)).convert("RGB")
    width, height = large.size
    shown = Image.new("RGB", (width, height + _CAPTION_PIXELS), "white")
    shown.paste(large)
    draw = ImageDraw.Draw(shown)
    draw.text((2, height + 2), caption, fill="black")
    save_png(np.asarray(shown), path, description or caption)

"""The user's own images: `--images`."""

import numpy as np

from wn_gan.data import Subset, load_images, load_npz
from wn_gan.errors import bad_flag


def own_images(source: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Loads the images of `--images` at the size of a generator's images.

    Args:
        source: "folder:<path>", "zip:<path>" or "npz:<path>".
        shape: height, width and channels of the generator's images.

    Returns:
        uint8 `[n, height, width, channels]`.

    Raises:
        UserError: for another kind of source or images of another shape.
    """
    kind, _, path = source.partition(":")
    height, width, channels = shape
    if kind == "npz" and path:
        found = load_npz(path)
    elif kind in ("folder", "zip") and path:
        fitted = load_images(
            source, image_width=width, image_height=height
        ).train
        found = Subset(fitted, np.arange(len(fitted)))[:]
    else:
        raise bad_flag(
            "images", source, "must be folder:<path>, zip:<path> or npz:<path>"
        )
    if found.shape[1:] != (height, width, channels):
        size = "x".join(map(str, found.shape[1:]))
        raise bad_flag(
            "images",
            source,
            f"images of {size}; this generator makes "
            f"{height}x{width}x{channels}",
        )
    return found

"""The user's own images: `--images`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.config import RESIZE_FILTERS
from wn_gan.data import Subset, load_images, load_npz
from wn_gan.data.image_set import Images
from wn_gan.errors import bad_flag
from wn_gan.images import from_array
from wn_gan.progress import say

UNRESIZED = "unresized"


def own_images(
    source: str,
    shape: Sequence[int],
    resize_filter: str = RESIZE_FILTERS[0],
) -> tuple[np.ndarray, list[str]]:
    """Loads the images of `--images` at the size of a generator's images.

    Gray images become colour images, or colour images gray ones, as the
    generator makes them.

    Args:
        source: "folder:<path>", "zip:<path>" or "npz:<path>".
        shape: height, width and channels of the generator's images.
        resize_filter: of image files; arrays are never resized.

    Returns:
        uint8 `[n, height, width, channels]`, and a name for each: its file's,
        below the folder or in the archive; its number in an array.

    Raises:
        UserError: for another kind of source, arrays of another size, or too
            many images that cannot be read. Of a few it says which.
    """
    kind, _, path = source.partition(":")
    height, width, channels = shape
    if kind == "npz" and path:
        found = with_channels(load_npz(path), channels)
        names = [f"{i:06}" for i in range(len(found))]
    elif kind in ("folder", "zip") and path:
        loaded = load_images(
            source,
            image_width=width,
            image_height=height,
            channels=channels,
            resize_filter=resize_filter,
        )
        for line in loaded.skipped:
            say(f"skipped {line}")
        found, names = _readable(loaded.train)
        names = [_below(path, name) for name in names]
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
    return found, names


def _readable(images: Images) -> tuple[np.ndarray, list[str]]:
    """The images that can be read, and their names; says which cannot."""
    part = Subset(images, np.arange(len(images)))
    found = part[:]
    for name, reason in part.skipped.items():
        say(f"skipped {name}: {reason}")
    names = [images.name(i) for i in range(len(images))]
    kept = [i for i, name in enumerate(names) if name not in part.skipped]
    return found[kept], [names[i] for i in kept]


def _below(path: str, name: str) -> str:
    """A file's name without the folder or archive that it is in, as text.

    Bytes that are no UTF-8 are written as escapes.
    """
    below = name.removeprefix(str(Path(path))).lstrip("/: ")
    return below.encode(errors="backslashreplace").decode()


def resizing_of(source: str, resize_filter: str = RESIZE_FILTERS[0]) -> str:
    """The word for the resizing of `own_images`, as protocols show it."""
    return UNRESIZED if source.startswith("npz:") else resize_filter


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images as gray (1 channel) or colour images (3).

    Args:
        images: uint8 `[n, height, width, 1 or 3]`.
        channels: 1 or 3.
    """
    if images.shape[-1] == channels:
        return images
    mode = "L" if channels == 1 else "RGB"
    converted = [
        np.asarray(from_array(image).convert(mode)) for image in images
    ]
    return np.stack(converted).reshape(*images.shape[:3], channels)

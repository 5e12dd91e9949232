"""Fashion-MNIST from IDX files, by default those of Debian's package."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from wn_gan.data.pictures import ArrayPictures, Source
from wn_gan.data.sources.bounded import read_at_most
from wn_gan.errors import UserError

DEBIAN_DIR = "/usr/share/datasets/fashion-mnist"
_UINT8_IMAGES = 0x0803
_HEADER = struct.Struct(">4i")


def open_fashion_mnist(data_dir: str | None) -> Source | None:
    """Opens 70,000 gray images, 28x28; None if the files do not exist.

    Args:
        data_dir: folder with `train-images-idx3-ubyte[.gz]` and `t10k-...`;
            None for the folder of Debian's package `dataset-fashion-mnist`.

    Raises:
        UserError: if a file is damaged.
    """
    folder = Path(data_dir or DEBIAN_DIR).expanduser()
    paths = [_path(folder, part) for part in ("train", "t10k")]
    if None in paths:
        return None
    train, test = (ArrayPictures(read_idx(path)) for path in paths)
    return Source(train, test=test)


def _path(folder: Path, part: str) -> Path | None:
    for suffix in (".gz", ""):
        path = folder / f"{part}-images-idx3-ubyte{suffix}"
        if path.exists():
            return path
    return None


def read_idx(path: Path) -> np.ndarray:
    """Reads the images of an IDX file.

    Args:
        path: path of the file, gzipped if its name ends in `.gz`.

    Returns:
        uint8 `[images, height, width, 1]`.

    Raises:
        UserError: if it holds no images, or fewer or more than it says.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            magic, *shape = _HEADER.unpack(file.read(_HEADER.size))
            if magic != _UINT8_IMAGES or min(shape) < 1:
                raise UserError(f"{path}: is not an IDX file of images")
            size = math.prod(shape)
            pixels = np.frombuffer(read_at_most(file, size), np.uint8)
            if file.read(1):
                raise UserError(
                    f"{path}: holds more than the {size:,} pixels that its "
                    "header says"
                )
    except (
        OSError,
        EOFError,
        MemoryError,
        zlib.error,
        struct.error,
    ) as error:
        reason = str(error) or repr(error)
        raise UserError(f"{path}: cannot be read: {reason}") from error
    if len(pixels) != size:
        raise UserError(
            f"{path}: cut off; {len(pixels):,} of {size:,} pixels found"
        )
    return pixels.reshape(*shape, 1)

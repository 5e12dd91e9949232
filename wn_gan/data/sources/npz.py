"""Images in a NumPy archive."""

import math
import os
import zipfile
import zlib
from typing import BinaryIO

import numpy as np

from wn_gan.data.pictures import ArrayPictures, Source
from wn_gan.errors import UserError

_NAMES = ("images", "x_train")
# The largest number of bytes that NumPy's ways of packing make of one.
_EXPANSION = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def load_npz(path: str) -> np.ndarray:
    """Reads the array `images` or `x_train` of an `.npz`, without pickle.

    Args:
        path: path of the file.

    Returns:
        uint8 `[images, height, width, channels]`.

    Raises:
        UserError: if the file or the array is missing or unusable.
    """
    return _load(path)[0]


def open_npz(path: str) -> Source:
    """Opens the array `images` or `x_train`, and `x_test` if it exists.

    Raises:
        UserError: see `load_npz`.
    """
    train, test = _load(path)
    own = None if test is None else ArrayPictures(test)
    return Source(ArrayPictures(train), test=own)


def _load(path: str) -> tuple[np.ndarray, np.ndarray | None]:
    label = f"npz:{path}"
    try:
        with zipfile.ZipFile(path) as archive:
            there = archive.namelist()
            found = [name for name in _NAMES if f"{name}.npy" in there]
            if not found:
                raise UserError(
                    f"{label}: has no array named {' or '.join(_NAMES)}"
                )
            train = _read(label, archive, found[0])
            if "x_test.npy" not in there:
                return train, None
            return train, _read(label, archive, "x_test")
    except (
        OSError,
        ValueError,
        EOFError,
        MemoryError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UserError(
            f"{label}: cannot be read: {str(error) or repr(error)}"
        ) from error


def _read(label: str, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Reads an array after checking its header."""
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        shape, dtype = _read_header(file)
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        _check_kind(label, shape, dtype)
        _check_length(entry, file.tell() + math.prod(shape))
        _check_expansion(entry, os.stat(archive.filename).st_size)
    with archive.open(entry) as file:
        images = np.lib.format.read_array(file, allow_pickle=False)
    return images[..., np.newaxis] if images.ndim == 3 else images


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    if version not in _READ_HEADER:
        raise ValueError(f"its arrays have format version {version}")
    try:
        shape, _, dtype = _READ_HEADER[version](file)
    except Exception as error:
        # NumPy parses it as Python code: TokenError, SyntaxError, ...
        raise ValueError("the header of an array is damaged") from error
    return shape, dtype


def _check_kind(label: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Refuses everything but gray and colour images of 8 bits."""
    channels = {3: 1, 4: shape[-1] if shape else 0}.get(len(shape))
    usable = channels in (1, 3) and min(shape) > 0
    if dtype != np.uint8 or not usable:
        raise UserError(
            f"{label}: images must be uint8 [n, height, width, 1 or 3], "
            f"got {dtype} {list(shape)}"
        )


def _check_length(entry: zipfile.ZipInfo, size: int) -> None:
    """Compares the header with the entry, before memory is allocated."""
    if size != entry.file_size:
        raise ValueError(
            f"the header of {entry.filename} asks for {size:,} bytes, it has "
            f"{entry.file_size:,}"
        )


def _check_expansion(entry: zipfile.ZipInfo, archive_bytes: int) -> None:
    """Compares the entry's length with the file: it may be a lie, too."""
    most = _EXPANSION.get(entry.compress_type, 0) * archive_bytes
    if entry.file_size > most:
        raise ValueError(
            f"{entry.filename} says that it has {entry.file_size:,} bytes, "
            f"more than {archive_bytes:,} packed bytes can hold"
        )

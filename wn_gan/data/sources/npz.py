"""Images in a NumPy archive."""

import zipfile
import zlib

import numpy as np

from wn_gan.data.pictures import ArrayPictures, Source
from wn_gan.errors import UserError

_NAMES = ("images", "x_train")


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
        with (
            open(path, "rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            found = [name for name in _NAMES if name in stored]
            if not found:
                raise UserError(
                    f"{label}: has no array named {' or '.join(_NAMES)}"
                )
            train = stored[found[0]]
            test = stored["x_test"] if "x_test" in stored else None
    except (
        OSError,
        ValueError,
        EOFError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UserError(f"{label}: cannot be read: {error}") from error
    return _checked(label, train), (
        None if test is None else _checked(label, test)
    )


def _checked(label: str, images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8 and images.ndim == 3:
        images = images[..., np.newaxis]
    channels = images.shape[-1] if images.ndim == 4 else 0
    if images.dtype != np.uint8 or channels not in (1, 3) or not images.size:
        raise UserError(
            f"{label}: images must be uint8 [n, height, width, 1 or 3], "
            f"got {images.dtype} {list(images.shape)}"
        )
    return images

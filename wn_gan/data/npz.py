"""Images in a NumPy archive."""

import zipfile

import numpy as np

from wn_gan.errors import UserError


def load_npz(path: str) -> np.ndarray:
    """The array `images` of an `.npz`, read without pickle.

    Args:
        path: of the file.

    Returns:
        uint8 `[images, height, width, channels]`.

    Raises:
        UserError: if there is no such file or array, or it is no images.
    """
    label = f"npz:{path}"
    try:
        with open(path, "rb") as file, np.load(file) as stored:
            images = stored["images"]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{label}: cannot be read: {error}") from error
    except KeyError:
        raise UserError(f"{label}: has no array named images") from None
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise UserError(
            f"{label}: images must be uint8 [n, height, width, channels], "
            f"got {images.dtype} {list(images.shape)}"
        )
    return images

"""Pictures of a source, by position and not yet of one size."""

import dataclasses
import hashlib
from typing import Protocol

import numpy as np
from PIL import Image

from wn_gan.data.decoding import CorruptImage, decode
from wn_gan.images import from_array


class Pictures(Protocol):
    """Pictures of any sizes, read one at a time by position."""

    def __len__(self) -> int:
        """Number of pictures."""

    def name(self, position: int) -> str:
        """Name of a picture in messages."""

    def picture(self, position: int) -> Image.Image:
        """A picture of mode "L" or "RGB".

        Raises:
            CorruptImage: if it cannot be read.
        """

    def sha256(self) -> str:
        """Hash of the order, ids and lengths, or of the content."""


class EncodedFiles(Protocol):
    """Encoded images in a folder, an archive or a database."""

    def __len__(self) -> int:
        """Number of files."""

    def name(self, position: int) -> str:
        """Name of a file in messages."""

    def data(self, position: int) -> bytes:
        """Content of a file.

        Raises:
            CorruptImage: if the content is unusable.
            OSError: if the file cannot be read.
        """

    def sha256(self) -> str:
        """Hash of the order, ids and lengths."""


class ArrayPictures:
    """Pictures in an array.

    Args:
        array: uint8 `[n, height, width, channels]`.
    """

    def __init__(self, array: np.ndarray):
        self.array = array

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.array)

    def name(self, position: int) -> str:
        """Name of a picture in messages."""
        return f"image {position}"

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        return from_array(self.array[position])

    def sha256(self) -> str:
        """Hash of all pixels."""
        return content_sha256(self.array)


class DecodedPictures:
    """Pictures that are decoded on access.

    Args:
        files: the encoded images.
        background: colour under transparent pixels.
    """

    def __init__(self, files: EncodedFiles, background: str):
        self.files = files
        self.background = background

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.files)

    def name(self, position: int) -> str:
        """Name of a picture in messages."""
        return self.files.name(position)

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        try:
            return decode(self.files.data(position), self.background)
        except OSError as error:
            raise CorruptImage(error.strerror or str(error)) from error

    def sha256(self) -> str:
        """Hash of ids, lengths and the background."""
        text = self.files.sha256() + self.background
        return hashlib.sha256(text.encode()).hexdigest()


class ChosenPictures:
    """A selection of pictures in a given order.

    Args:
        pictures: all pictures.
        positions: positions of the selected pictures.
    """

    def __init__(self, pictures: Pictures, positions: np.ndarray):
        self.pictures = pictures
        self.positions = np.asarray(positions, np.int64)

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.positions)

    def name(self, position: int) -> str:
        """Name of a picture in messages."""
        return self.pictures.name(self.positions[position])

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        return self.pictures.picture(self.positions[position])

    def sha256(self) -> str:
        """Hash of all pictures and the positions."""
        digest = hashlib.sha256(self.pictures.sha256().encode())
        digest.update(self.positions.data)
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set as stored on disk.

    Attributes:
        train: the training pictures.
        validation: the source's own validation split, or None.
        test: the source's own test split, or None.
        skipped: the unusable items, one description per item.
    """

    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None
    skipped: tuple[str, ...] = ()


def content_sha256(
    images: np.ndarray, positions: np.ndarray | None = None
) -> str:
    """SHA-256 of images in order, or of those at `positions`."""
    digest = hashlib.sha256(repr(images.shape[1:]).encode())
    if positions is None:
        positions = np.arange(len(images))
    for part in np.array_split(positions, max(len(positions) // 1000, 1)):
        digest.update(np.ascontiguousarray(images[part]).data)
    return digest.hexdigest()

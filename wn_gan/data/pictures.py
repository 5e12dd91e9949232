"""What a source of images gives: pictures by position, not yet of one size."""

import dataclasses
import hashlib
from typing import Protocol

import numpy as np
from PIL import Image

from wn_gan.data.decoding import CorruptImage, decode
from wn_gan.images import from_array


class Pictures(Protocol):
    """Pictures of any sizes, read one at a time and by position."""

    def __len__(self) -> int:
        """How many."""

    def name(self, position: int) -> str:
        """What messages call a picture."""

    def picture(self, position: int) -> Image.Image:
        """Mode "L" or "RGB"; raises `CorruptImage` where it can't be read."""

    def sha256(self) -> str:
        """Of the pictures' order, ids and lengths, or of their content."""


class EncodedFiles(Protocol):
    """Image files somewhere: in a folder, an archive, a database."""

    def __len__(self) -> int:
        """How many."""

    def name(self, position: int) -> str:
        """What messages call a file."""

    def data(self, position: int) -> bytes:
        """Its content; raises `CorruptImage` where that can't be had."""

    def sha256(self) -> str:
        """Of the order, the ids and the lengths."""


class ArrayPictures:
    """Pictures in an array.

    Args:
        array: uint8 `[n, height, width, channels]`.
    """

    def __init__(self, array: np.ndarray):
        self.array = array

    def __len__(self) -> int:
        """How many."""
        return len(self.array)

    def name(self, position: int) -> str:
        """What messages call a picture."""
        return f"image {position}"

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        return from_array(self.array[position])

    def sha256(self) -> str:
        """Of all pixels."""
        digest = hashlib.sha256(repr(self.array.shape[1:]).encode())
        digest.update(np.ascontiguousarray(self.array).data)
        return digest.hexdigest()


class DecodedPictures:
    """Pictures that are decoded when they are asked for.

    Args:
        files: with the encoded images.
        background: colour under transparent pixels.
    """

    def __init__(self, files: EncodedFiles, background: str):
        self.files = files
        self.background = background

    def __len__(self) -> int:
        """How many."""
        return len(self.files)

    def name(self, position: int) -> str:
        """What messages call a picture."""
        return self.files.name(position)

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        try:
            return decode(self.files.data(position), self.background)
        except OSError as error:
            raise CorruptImage(error.strerror or str(error)) from error

    def sha256(self) -> str:
        """Of ids, lengths and the background."""
        text = self.files.sha256() + self.background
        return hashlib.sha256(text.encode()).hexdigest()


class ChosenPictures:
    """Some of the pictures, in an order of their own.

    Args:
        pictures: to choose from.
        positions: those chosen.
    """

    def __init__(self, pictures: Pictures, positions: np.ndarray):
        self.pictures = pictures
        self.positions = np.asarray(positions, np.int64)

    def __len__(self) -> int:
        """How many."""
        return len(self.positions)

    def name(self, position: int) -> str:
        """What messages call a picture."""
        return self.pictures.name(self.positions[position])

    def picture(self, position: int) -> Image.Image:
        """See `Pictures`."""
        return self.pictures.picture(self.positions[position])

    def sha256(self) -> str:
        """Of the pictures chosen from, and the positions."""
        digest = hashlib.sha256(self.pictures.sha256().encode())
        digest.update(self.positions.data)
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set as it lies on disk.

    Attributes:
        train: the pictures to train on.
        validation: the source's own validation split, or None.
        test: the source's own test split, or None.
        skipped: what is no picture, one description an item.
    """

    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None
    skipped: tuple[str, ...] = ()

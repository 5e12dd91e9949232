"""Images of one size and the data set they form."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from wn_gan.data.geometry import CENTER, Geometry
from wn_gan.data.pictures import ArrayPictures, Pictures
from wn_gan.data.prepared import PreparedPart


class Images:
    """Pictures that are cropped and resized on access.

    Indexing like an array, `images[positions]` or `images[:100]`, returns
    uint8 `[n, height, width, channels]`.

    Args:
        pictures: pictures of any sizes.
        geometry: crop and size.
        channels: 1 (gray) or 3.
        prepared: the same images, already cropped and resized.
    """

    def __init__(
        self,
        pictures: Pictures,
        geometry: Geometry,
        channels: int,
        prepared: PreparedPart | None = None,
    ):
        self.pictures = pictures
        self.geometry = geometry
        self.prepared = prepared
        self.shape = (len(pictures), geometry.height, geometry.width, channels)
        array = getattr(pictures, "array", None)
        same = array is not None and array.shape[1:] == self.shape[1:]
        cropped = geometry.crop_size not in (None, geometry.width)
        self.array: np.ndarray | None = array if same and not cropped else None
        """All images, if they are in memory in their final size; else None."""

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def read(
        self, position: int, place: tuple[float, float] = CENTER
    ) -> np.ndarray:
        """Reads one image.

        Args:
            position: position of the image.
            place: place of the crop, see `Geometry.box`.

        Returns:
            uint8 `[height, width, channels]`.

        Raises:
            CorruptImage: if the image cannot be read.
        """
        if self.prepared is not None:
            return self.prepared.read(position)
        picture = self.pictures.picture(position)
        mode = "L" if self.shape[-1] == 1 else "RGB"
        if picture.mode != mode:
            picture = picture.convert(mode)
        fitted = self.geometry.apply(picture, place)
        return np.asarray(fitted).reshape(self.shape[1:])

    def __getitem__(self, positions: slice | np.ndarray) -> np.ndarray:
        """Reads several images; see `read`."""
        if self.array is not None:
            return self.array[positions]
        chosen = np.arange(len(self))[positions]
        return gather(self.read, chosen, self.shape[1:])

    def name(self, position: int) -> str:
        """Name of an image in messages."""
        return self.pictures.name(position)

    def sha256(self) -> str:
        """Hash of the pictures (see `Pictures.sha256`) and the geometry."""
        text = f"{self.pictures.sha256()} {self.geometry} {self.shape}"
        return hashlib.sha256(text.encode()).hexdigest()


def gather(
    read: Callable[[int], np.ndarray],
    indexes: np.ndarray,
    shape: Sequence[int],
) -> np.ndarray:
    """Calls `read` for each index; returns uint8 `[n, *shape]`."""
    result = np.empty((len(indexes), *shape), np.uint8)
    for place, index in enumerate(indexes):
        result[place] = read(index)
    return result


def array_images(array: np.ndarray) -> Images:
    """Wraps an array as `Images`, without crop or resize.

    Args:
        array: uint8 `[n, height, width, channels]`.
    """
    _, height, width, channels = array.shape
    geometry = Geometry(width=width, height=height)
    return Images(ArrayPictures(array), geometry, channels)


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Images of one size.

    Attributes:
        name: the data set's name, as in `--dataset`.
        train: the training images.
        validation: the source's own validation split, or None.
        test: the source's own test split, or None.
        skipped: the unusable images, one description per image.
    """

    name: str
    train: Images
    validation: Images | None = None
    test: Images | None = None
    skipped: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.train.shape[1:]

    @property
    def parts(self) -> dict[str, Images]:
        """The existing parts by name."""
        parts = {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        return {name: part for name, part in parts.items() if part is not None}

"""What every source of images gives."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from wn_gan import images
from wn_gan.errors import UserError, bad_flag


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Images in memory.

    Attributes:
        name: the data set's name, as in `--dataset`.
        train: uint8 `[n, height, width, channels]`.
        test: the source's own test split in the same form, or None.
        skipped: what could not be read, one description an image.
    """

    name: str
    train: np.ndarray
    test: np.ndarray | None = None
    skipped: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.train.shape[1:]

    def resized(self, width: int | None, height: int | None) -> "ImageSet":
        """The same images, cropped and resized; None keeps their size.

        Raises:
            UserError: if they are to keep a size that is odd.
        """
        if width is None:
            _check_even(self)
            return self
        return dataclasses.replace(
            self,
            train=_resize(self.train, width, height),
            test=None
            if self.test is None
            else _resize(self.test, width, height),
        )


def _resize(array: np.ndarray, width: int, height: int) -> np.ndarray:
    if array.shape[1:3] == (height, width):
        return array
    return stack_images(
        images.fit(images.from_array(one), width, height) for one in array
    )


def stack_images(pictures: Iterable) -> np.ndarray:
    """PIL images or arrays of one size -> uint8 `[n, height, width, c]`."""
    array = np.stack([np.asarray(picture) for picture in pictures])
    return array if array.ndim == 4 else array[..., np.newaxis]


def _check_even(image_set: ImageSet) -> None:
    height, width, channels = image_set.image_shape
    if width % 2 or height % 2:
        raise UserError(
            f"--dataset={image_set.name}: images of {width}x{height} have an "
            "odd side; give even --image_width and --image_height"
        )
    if channels not in (1, 3):
        raise bad_flag(
            "dataset", image_set.name, f"{channels} channels; 1 or 3 can be"
        )

"""Crops and resizes a picture to a training image."""

import dataclasses

from PIL import Image

from wn_gan.config import RESIZE_FILTERS

CENTER = (0.5, 0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Geometry:
    """Crop and size of a training image.

    Attributes:
        width: width of the result in pixels.
        height: height of the result in pixels.
        crop_size: width of the crop in pixels. The crop has the result's
            aspect ratio. If None or too large for the picture, the crop is
            the largest one that fits.
        resize_filter: one of `config.RESIZE_FILTERS`; all antialias.
    """

    width: int
    height: int
    crop_size: int | None = None
    resize_filter: str = RESIZE_FILTERS[0]

    def box(
        self, size: tuple[int, int], place: tuple[float, float] = CENTER
    ) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the crop in whole pixels.

        Args:
            size: width and height of the picture.
            place: horizontal and vertical position of the crop, each in
                [0, 1]: 0 is left or top, 1 is right or bottom.
        """
        limit = size[0] if self.crop_size is None else self.crop_size
        width = min(limit, size[0], size[1] * self.width / self.height)
        height = width * self.height / self.width
        cut = max(round(width), 1), max(round(height), 1)
        left, top = (
            int((whole - part) * where + 0.5)
            for whole, part, where in zip(size, cut, place, strict=True)
        )
        return left, top, left + cut[0], top + cut[1]

    def apply(
        self, picture: Image.Image, place: tuple[float, float] = CENTER
    ) -> Image.Image:
        """Crops and resizes; returns a picture of the right size as it is."""
        box = self.box(picture.size, place)
        if box != (0, 0, *picture.size):
            picture = picture.crop(box)
        if picture.size == (self.width, self.height):
            return picture
        method = Image.Resampling[self.resize_filter.upper()]
        return picture.resize((self.width, self.height), method)

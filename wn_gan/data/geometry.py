"""Crop, then resize: where in a picture a training image comes from."""

import dataclasses

from PIL import Image

from wn_gan.config import RESIZE_FILTERS

CENTER = (0.5, 0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Geometry:
    """What is cut out of a picture and what size it becomes.

    Attributes:
        width: of the result, in pixels.
        height: likewise.
        crop_size: width in pixels of what is cut out; its height follows
            from the result's shape. None, or more than the picture has:
            the largest cut of that shape.
        resize_filter: one of `config.RESIZE_FILTERS`; all antialias.
    """

    width: int
    height: int
    crop_size: int | None = None
    resize_filter: str = RESIZE_FILTERS[0]

    def box(
        self, size: tuple[int, int], place: tuple[float, float] = CENTER
    ) -> tuple[int, int, int, int]:
        """The cut's left, top, right and bottom, whole pixels.

        Args:
            size: width and height of the picture.
            place: where the cut lies in the room that it has, across and
                down, each in [0, 1].
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
        """The result; a picture that has the size already is returned."""
        box = self.box(picture.size, place)
        if box != (0, 0, *picture.size):
            picture = picture.crop(box)
        if picture.size == (self.width, self.height):
            return picture
        method = Image.Resampling[self.resize_filter.upper()]
        return picture.resize((self.width, self.height), method)

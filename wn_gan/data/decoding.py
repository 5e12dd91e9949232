"""Decodes image files of any mode to gray or RGB pictures."""

import io

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
# More than any training image needs, yet little for a computer's memory.
MAX_PIXELS = 64_000_000
MAX_BYTES = 256 * 2**20

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")
_SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")


class CorruptImage(Exception):
    """An image that cannot be used; the text gives the reason."""


def decode(data: bytes, background: str = "white") -> Image.Image:
    """Decodes JPEG, PNG, WebP, BMP or GIF (the first frame).

    Expands palettes, converts CMYK to RGB, scales 16-bit gray to 8 bits,
    blends transparent pixels over `background` and applies the EXIF
    orientation.

    Args:
        data: the file's content.
        background: CSS colour, e.g. "white" or "#808080".

    Returns:
        A picture of mode "L" if the file is gray, else "RGB".

    Raises:
        CorruptImage: if the content is damaged, has another format or more
            than 64 million pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise CorruptImage(
                    f"{opened.width}x{opened.height} pixels, more than "
                    f"{MAX_PIXELS:,}"
                )
            return _plain(_upright(opened), background)
    except UnidentifiedImageError:
        raise CorruptImage("not an image") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CorruptImage(f"more than {MAX_PIXELS:,} pixels") from None
    except CorruptImage:
        raise
    except Exception as error:
        # Pillow's decoders raise many types of error for a broken file:
        # OSError, SyntaxError, ValueError, struct.error, IndexError, ...
        raise CorruptImage(str(error) or repr(error)) from error


def _upright(picture: Image.Image) -> Image.Image:
    """The picture, turned as its EXIF data say, if these can be read."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # as many types of error as for a broken picture
        return picture


def _plain(picture: Image.Image, background: str) -> Image.Image:
    """Converts a picture of any mode to mode "L" or "RGB"."""
    if picture.mode in _SIXTEEN_BIT:
        # Pillow's convert("L") would clip at 255, not scale.
        return Image.fromarray(np.uint8(np.asarray(picture) / 257 + 0.5))
    if picture.mode in _TRANSPARENT or "transparency" in picture.info:
        gray = picture.mode in ("LA", "La", "L", "1")
        return _flatten(picture.convert("RGBA"), background, gray)
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _flatten(picture: Image.Image, background: str, gray: bool) -> Image.Image:
    colour = ImageColor.getrgb(background)[:3]
    under = Image.new("RGBA", picture.size, (*colour, 255))
    flat = Image.alpha_composite(under, picture).convert("RGB")
    return flat.convert("L") if gray and len(set(colour)) == 1 else flat

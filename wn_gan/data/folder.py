"""A folder of image files, flat or nested."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from wn_gan import images
from wn_gan.data.image_set import ImageSet, stack_images
from wn_gan.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
MAX_SKIPPED = 0.05


def load_folder(
    path: str, width: int | None = None, height: int | None = None
) -> ImageSet:
    """Loads every image below a folder, in the order of their paths.

    Args:
        path: the folder.
        width: to crop and resize to, or None if all have one size.
        height: likewise.

    Returns:
        An image set without a test split of its own. Files that cannot be
        read are in `skipped`. One channel if no image has colour.

    Raises:
        UserError: if there is no such folder, no image in it, more than one
            in twenty cannot be read, or the sizes differ and none is given.
    """
    root, label = Path(path).expanduser(), f"folder:{path}"
    if not root.is_dir():
        raise UserError(f"--dataset={label}: no such folder")
    files = sorted(
        file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES
    )
    if not files:
        raise UserError(
            f"--dataset={label}: no images in it ({', '.join(SUFFIXES)})"
        )
    pictures, skipped = [], []
    for file, picture in _read_all(files, width, height):
        if isinstance(picture, str):
            skipped.append(f"{file}: {picture}")
        else:
            pictures.append(picture)
    if len(skipped) > MAX_SKIPPED * len(files):
        raise UserError(
            f"--dataset={label}: {len(skipped)} of {len(files)} files cannot "
            f"be read, more than {MAX_SKIPPED:.0%}; the first is {skipped[0]}"
        )
    if width is None:
        _check_sizes(label, pictures)
    gray = all(picture.mode == "L" for picture in pictures)
    array = stack_images(
        picture if gray else picture.convert("RGB") for picture in pictures
    )
    return ImageSet(label, array, skipped=tuple(skipped))


def _read_all(files, width, height) -> Iterator[tuple[Path, Image.Image | str]]:
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda file: _read(file, width, height), files)
        yield from zip(files, results, strict=True)


def _read(file: Path, width, height) -> Image.Image | str:
    """The image, gray or RGB, or why it cannot be read."""
    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)
            picture = picture.convert(
                "L" if picture.mode in ("1", "L") else "RGB"
            )
    except UnidentifiedImageError:
        return "not an image"
    except (OSError, ValueError, SyntaxError) as error:
        # Pillow's decoders raise SyntaxError for broken PNG chunks.
        return str(error)
    except Image.DecompressionBombError as error:
        return str(error)
    return images.fit(picture, width, height) if width else picture


def _check_sizes(label: str, pictures: list[Image.Image]) -> None:
    sizes = sorted({picture.size for picture in pictures})
    if len(sizes) > 1:
        shown = ", ".join(f"{w}x{h}" for w, h in sizes[:3])
        raise UserError(
            f"--dataset={label}: images of {len(sizes)} sizes ({shown}, ...): "
            "give --image_width and --image_height"
        )

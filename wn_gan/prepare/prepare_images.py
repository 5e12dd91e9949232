"""Crops and resizes all images into a folder for `data.prepared`."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np

from wn_gan.config import Config
from wn_gan.data.decoding import CorruptImage
from wn_gan.data.image_set import Images, ImageSet
from wn_gan.data.loading import open_images
from wn_gan.data.prepared import Manifest, part_path
from wn_gan.data.survey import check_corrupt, in_threads
from wn_gan.errors import bad_flag
from wn_gan.progress import Progress, say

# Images per saved state; a killed process continues from the last state.
CHUNK = 1000


def prepare(
    image_set: ImageSet,
    folder: Path,
    advance: Callable[[int], None] = lambda images: None,
) -> Manifest:
    """Prepares all images of a data set that are not prepared yet.

    Args:
        image_set: the data set.
        folder: folder for the prepared images; created if missing.
        advance: called with numbers of finished images, including those of
            earlier processes.

    Returns:
        The manifest of the complete folder.

    Raises:
        UserError: if the data set needs no preparation, the folder holds
            another one, is in use or cannot be written, or more than 5% of
            the images cannot be read.
    """
    if image_set.train.array is not None:
        raise bad_flag(
            "dataset",
            image_set.name,
            "is held in memory at this size: it needs no preparation",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock", blocking=False):
            manifest = _begin(image_set, folder)
            for part, images in image_set.parts.items():
                advance(manifest.done[part])
                _write_part(folder, part, images, manifest, advance)
            return manifest
    except filelock.Timeout:
        raise bad_flag(
            "prepared_dir", folder, "another process is writing to it"
        ) from None
    except OSError as error:
        raise bad_flag(
            "prepared_dir", folder, f"cannot be written: {error.strerror}"
        ) from error


def prepare_folder(config: Config) -> None:
    """Fills `config.prepared_dir` and prints a summary of it.

    Raises:
        UserError: for an unusable data set or folder.
    """
    image_set = open_images(dataclasses.replace(config, prepared_dir=None))
    total = sum(len(part) for part in image_set.parts.values())
    folder = Path(config.prepared_dir).expanduser()
    with Progress(total, "images") as progress:
        manifest = prepare(image_set, folder, progress.advance)
    size = sum(path.stat().st_size for path in folder.glob("*.uint8"))
    say(f"{folder}: {total:,} images, {size / 2**20:,.0f} MiB")
    for part, corrupt in manifest.corrupt.items():
        for position, reason in corrupt.items():
            name = image_set.parts[part].name(position)
            say(f"unreadable: {name}: {reason}")
    say(f"next: wn_gan.train with the same data flags, --prepared_dir={folder}")


def _begin(image_set: ImageSet, folder: Path) -> Manifest:
    """Reads the folder's manifest, or writes one if the folder is empty."""
    parts = image_set.parts
    fresh = Manifest(
        dataset=image_set.name,
        image_shape=list(image_set.image_shape),
        geometry=str(image_set.train.geometry),
        counts={part: len(images) for part, images in parts.items()},
        sha256={part: images.sha256() for part, images in parts.items()},
        done=dict.fromkeys(parts, 0),
        corrupt={part: {} for part in parts},
    )
    there = Manifest.read(folder)
    if there is None:
        if any(path.name != ".lock" for path in folder.iterdir()):
            raise bad_flag(
                "prepared_dir", folder, "holds other files: name a new folder"
            )
        fresh.write(folder)
        return fresh
    if there.sha256 != fresh.sha256:
        raise bad_flag(
            "prepared_dir",
            folder,
            "was prepared from other files or with other options "
            f"({there.dataset}, {there.geometry}): name a new folder",
        )
    return there


def _write_part(
    folder: Path,
    part: str,
    images: Images,
    manifest: Manifest,
    advance: Callable[[int], None],
) -> None:
    """Continues a part; the manifest marks each chunk as complete."""
    size = int(np.prod(images.shape[1:]))
    corrupt = manifest.corrupt[part]
    with open(part_path(folder, part), "ab") as file:
        written = manifest.done[part] * size
        if file.tell() < written:
            raise bad_flag(
                "prepared_dir",
                folder,
                f"{part_path(folder, part).name} has lost images that "
                "manifest.json counts: delete the folder",
            )
        file.truncate(written)
        for first in range(manifest.done[part], len(images), CHUNK):
            chunk = range(first, min(first + CHUNK, len(images)))
            results = in_threads(lambda i: _read(images, i), list(chunk))
            for position, image in zip(chunk, results, strict=True):
                if isinstance(image, str):
                    corrupt[position] = image
                    image = np.zeros(images.shape[1:], np.uint8)
                file.write(image.tobytes())
                advance(1)
            file.flush()
            os.fsync(file.fileno())
            manifest.done[part] = chunk.stop
            named = {images.name(i): why for i, why in corrupt.items()}
            check_corrupt(manifest.dataset, named, chunk.stop, len(images))
            manifest.write(folder)


def _read(images: Images, position: int) -> np.ndarray | str:
    """The image, or the reason why it cannot be read."""
    try:
        return images.read(position)
    except CorruptImage as error:
        return str(error)

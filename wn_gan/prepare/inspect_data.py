"""Prints a summary of a data set before training."""

import collections
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wn_gan.config import Config
from wn_gan.data import (
    Feed,
    ImageSet,
    Split,
    Subset,
    batches,
    feed_of,
    open_images,
    split_images,
)
from wn_gan.data.survey import Survey, survey
from wn_gan.errors import UserError
from wn_gan.images import save_shown, square_grid, to_uint8
from wn_gan.progress import Progress, say

SHEET_IMAGES = 100
_SHOWN = 10


def inspect(config: Config, limit: int, sheet: Path) -> None:
    """Decodes images, prints a summary and writes a contact sheet.

    Args:
        config: config of the planned run.
        limit: largest number of images to decode per part, evenly spaced; 0
            for all.
        sheet: path of a PNG with the first training images.

    Raises:
        UserError: for data that training would refuse.
    """
    image_set = open_images(config, download=False)
    for line in _described(image_set, limit):
        say(line)
    height, width, channels = image_set.image_shape
    say(f"for training: {width}x{height}, {channels} channels")
    try:
        split = split_images(image_set, config)
        for line in _parts(split):
            say(line)
    except UserError as error:
        say(f"  cannot be split: {error}")
        everything = np.arange(len(image_set.train))
        whole = Subset(image_set.train, everything, image_set.name)
        split = Split(image_set, whole, whole, whole)
    caption = f"{config.dataset}: the first training images"
    picture = _contact_sheet(config, feed_of(config, split))
    save_shown(picture, sheet, caption)
    say(f"contact sheet: {sheet}")


def _parts(split: Split) -> Iterator[str]:
    parts = split.description()
    for part, count in parts["num_images"].items():
        origin = parts.get(f"{part}_from", "train")
        yield f"  {part}: {count:,} (from {origin})"
    yield f"  split sha256: {parts['sha256']}"


def _described(image_set: ImageSet, limit: int) -> Iterator[str]:
    """Yields lines with counts, sizes, modes and damage of each part."""
    for name, part in image_set.parts.items():
        total = min(len(part), limit) if limit else len(part)
        with Progress(total, "images") as progress:
            found = survey(part.pictures, total, progress.advance)
        yield f"{image_set.name}, {name}: {len(part):,} images"
        if found.checked < len(part):
            yield f"  of {found.checked:,} decoded (--inspect_images):"
        yield f"  sizes: {_counts(found.sizes)}"
        yield f"  gray (L) or colour (RGB): {_counts(found.modes)}"
        yield from _damage(found, part.name)
    yield from _listed("left out", list(image_set.skipped))


def _counts(counter: collections.Counter) -> str:
    shown = [
        f"{'x'.join(map(str, key)) if isinstance(key, tuple) else key} "
        f"({count:,})"
        for key, count in counter.most_common(_SHOWN)
    ]
    rest = len(counter) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def _damage(found: Survey, name) -> Iterator[str]:
    lines = [f"{name(i)}: {reason}" for i, reason in found.corrupt.items()]
    return _listed("unreadable", lines)


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"  {title}: {len(lines):,}"
        yield from (f"    {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"    and {len(lines) - _SHOWN:,} more"


def _contact_sheet(config: Config, feed: Feed) -> np.ndarray:
    """Grid of the first training images, augmented as in training."""
    wanted = min(SHEET_IMAGES, len(feed.part))
    found: list[np.ndarray] = []
    for batch in batches(config, feed, 0):
        found += list(to_uint8(batch))
        if len(found) >= wanted:
            break
    return square_grid(np.stack(found[:wanted]))

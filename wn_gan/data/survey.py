"""Counts sizes, modes and unreadable pictures of a source."""

import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.pictures import Pictures
from wn_gan.errors import UserError

MAX_CORRUPT = 0.05
_ENOUGH_TO_JUDGE = 200
_AHEAD = 64


@dataclasses.dataclass
class Survey:
    """Result of decoding some pictures of a source.

    Attributes:
        checked: number of pictures tried.
        sizes: number of pictures per (width, height).
        modes: number of pictures per mode, "L" or "RGB".
        corrupt: position -> reason, for each unreadable picture.
    """

    checked: int = 0
    sizes: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    modes: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    corrupt: dict[int, str] = dataclasses.field(default_factory=dict)


def survey(
    pictures: Pictures,
    limit: int | None = None,
    advance: Callable[[int], None] = lambda images: None,
) -> Survey:
    """Decodes pictures and counts their sizes and modes.

    Args:
        pictures: pictures of a source.
        limit: largest number of pictures to decode, evenly spaced; None for
            all.
        advance: called with 1 after each picture.
    """
    count = len(pictures) if limit is None else min(limit, len(pictures))
    positions = np.linspace(0, len(pictures) - 1, count).astype(int)
    found = Survey()

    def look(position: int) -> tuple:
        try:
            picture = pictures.picture(position)
        except CorruptImage as error:
            return position, str(error), None
        return position, picture.size, picture.mode

    for position, size, mode in in_threads(look, positions.tolist()):
        found.checked += 1
        if mode is None:
            found.corrupt[position] = size
        else:
            found.sizes[size] += 1
            found.modes[mode] += 1
        advance(1)
    return found


def check_corrupt(
    dataset: str, corrupt: Mapping[str, str], seen: int, total: int
) -> None:
    """Refuses a data set with more than 5% damaged images.

    The share is taken of at least 200 images, or of all in a smaller set:
    one bad image among the first two proves nothing.

    Args:
        dataset: name of the data set.
        corrupt: name -> reason, for each image found unreadable so far.
        seen: number of images tried so far.
        total: number of all images.

    Raises:
        UserError: if the share is larger; names the first bad image.
    """
    judged = max(seen, min(total, _ENOUGH_TO_JUDGE))
    if len(corrupt) > MAX_CORRUPT * judged:
        name, reason = next(iter(corrupt.items()))
        raise UserError(
            f"--dataset={dataset}: {len(corrupt)} of {seen:,} images cannot "
            f"be read, more than {MAX_CORRUPT:.0%}; the first is {name}: "
            f"{reason}"
        )


def in_threads(function: Callable[[Any], Any], items: list) -> Iterator[Any]:
    """Ordered threaded map with bounded look-ahead."""
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(items), _AHEAD):
            yield from pool.map(function, items[first : first + _AHEAD])

"""What is in a source: sizes, gray or colour, what cannot be read."""

import collections
import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.pictures import Pictures

MAX_CORRUPT = 0.05
_AHEAD = 64


@dataclasses.dataclass
class Survey:
    """What decoding some pictures of a source showed.

    Attributes:
        checked: how many were decoded.
        sizes: how many there are of each (width, height).
        modes: how many there are of each mode, "L" or "RGB".
        corrupt: why a position could not be read.
    """

    checked: int = 0
    sizes: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    modes: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    corrupt: dict[int, str] = dataclasses.field(default_factory=dict)

    @property
    def too_many_corrupt(self) -> bool:
        """Whether more than one in twenty could not be read."""
        return len(self.corrupt) > MAX_CORRUPT * self.checked


def survey(
    pictures: Pictures,
    limit: int | None = None,
    advance: Callable[[int], None] = lambda images: None,
) -> Survey:
    """Decodes pictures and counts what they are.

    Args:
        pictures: of a source.
        limit: decode at most so many, evenly spaced; None for all.
        advance: told of each picture done.
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


def in_threads(function: Callable[[Any], Any], items: list) -> Iterator[Any]:
    """`map` in threads, in order, never far ahead of who takes the results."""
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(items), _AHEAD):
            yield from pool.map(function, items[first : first + _AHEAD])

"""What is in a source: sizes, gray or colour, what cannot be read."""

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


def check_corrupt(
    dataset: str, corrupt: Mapping[str, str], seen: int, total: int
) -> None:
    """Refuses a data set of which more than one image in twenty is damaged.

    Args:
        dataset: its name.
        corrupt: name -> reason of what could not be read so far.
        seen: images tried so far.
        total: images in all. What is tried first is judged as part of two
            hundred, or of all in a smaller set: one bad image of the first
            two says nothing.

    Raises:
        UserError: naming the first.
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
    """`map` in threads, in order, never far ahead of who takes the results."""
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(items), _AHEAD):
            yield from pool.map(function, items[first : first + _AHEAD])

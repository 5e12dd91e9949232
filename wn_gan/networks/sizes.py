"""Image size at each level of a network."""

from collections.abc import Sequence


def level_sizes(
    height: int, width: int, levels: int | None = None
) -> Sequence[tuple[int, int]]:
    """Returns the size at each level: `levels + 1` entries, image first.

    Every level halves the size. If a half is odd, one more pixel of padding
    makes it even, except at the last level (see `extra_padding`).

    Args:
        height: image height, even, in pixels.
        width: image width, even, in pixels.
        levels: number of halvings; default: the paper's rule, halving
            until the longer side is below 8.

    Raises:
        ValueError: for an odd size, or too many levels for the size.
    """
    for name, size in (("height", height), ("width", width)):
        if size < 2 or size % 2:
            raise ValueError(f"{name} must be even and positive, got {size}")
    if levels is None:
        levels, longer = 0, max(height, width)
        while longer >= 8:
            longer, levels = (longer + 1) // 2, levels + 1
        levels = max(levels, 1)
    sizes = [(height, width)]
    for level in range(levels):
        last = level == levels - 1
        extra = extra_padding(sizes[-1], last)
        half = tuple(s // 2 + e for s, e in zip(sizes[-1], extra, strict=True))
        if max(half) == max(sizes[-1]):
            raise ValueError(
                f"levels must be at most {level + 1} for {width}x{height} "
                f"images, got {levels}"
            )
        sizes.append(half)
    return sizes


def extra_padding(size: tuple[int, int], last: bool) -> tuple[int, int]:
    """Returns the padding beyond one pixel per side, 0 or 1 per axis.

    Args:
        size: height and width before halving.
        last: whether this is the network's last level, which may become odd.
    """
    return tuple(int(not last and s % 4 == 2) for s in size)

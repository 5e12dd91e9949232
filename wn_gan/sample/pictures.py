"""The files that `python -m wn_gan.sample` writes."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from wn_gan.data import Subset
from wn_gan.data.nearest import nearest
from wn_gan.errors import UserError
from wn_gan.files import replacing
from wn_gan.generators.codes import interpolate
from wn_gan.generators.generator import Generator
from wn_gan.images import (
    beside,
    from_array,
    grid,
    read_as_large,
    save_shown,
)

FRAME_MILLISECONDS = 80
STRIP_STEPS = 8
FRAMES_A_CODE = 16
STAY_FRAMES = 10


def write_interpolation(
    folder: Path, generator: Generator, codes: np.ndarray, kind: str
) -> list[Path]:
    """Writes a strip (one row per pair of codes) and a looping animation.

    Args:
        folder: folder of the two files.
        generator: generator of the images.
        codes: at least two codes, `[n, code_size]`.
        kind: "webp" or "gif".

    Returns:
        Paths of the strip and the animation.
    """
    rows = [
        generator.pictures(interpolate(pair, STRIP_STEPS))
        for pair in itertools.pairwise(codes)
    ]
    strip = folder / "interpolation.png"
    picture = grid(np.concatenate(rows), columns=STRIP_STEPS + 1)
    caption = "one walk per row, from a code on the left to the next one"
    save_shown(picture, strip, caption)
    walk = interpolate(codes, FRAMES_A_CODE, closed=True)
    film = folder / f"interpolation.{kind}"
    write_animation(film, generator.pictures(walk))
    return [strip, film]


def write_neighbours(
    path: Path, train: Subset, samples: np.ndarray, count: int
) -> np.ndarray:
    """Writes one row per sample: the sample, then nearest training images.

    Args:
        path: path of the picture.
        train: the training images.
        samples: uint8 `[n, height, width, channels]`.
        count: number of neighbours per sample.

    Returns:
        Mean squared error of each sample's nearest training image, `[n]`.
    """
    places, errors = nearest(train, samples, count)
    found = np.concatenate([train[own] for own in places])
    picture = beside(grid(samples, columns=1), grid(found, columns=count))
    save_shown(picture, path, "samples | nearest training images")
    return errors[:, 0]


def write_timeline(path: Path, grid_paths: Sequence[Path]) -> None:
    """Writes an animation of a run's sample grids.

    Args:
        path: path of the animation.
        grid_paths: PNGs of the grids, oldest first.

    Raises:
        UserError: if there are fewer than two.
    """
    if len(grid_paths) < 2:
        raise UserError(
            f"--timeline: the run has {len(grid_paths)} grids in samples/; it "
            "needs two (--sample_every_steps)"
        )
    with Image.open(grid_paths[-1]) as last:
        size = last.size
    grids = [np.asarray(read_as_large(path, size)) for path in grid_paths]
    write_animation(path, [*grids, *[grids[-1]] * STAY_FRAMES], 3)


def write_animation(
    path: Path, frames: Sequence[np.ndarray], slower: int = 1
) -> None:
    """Writes a looping animation: WebP or GIF, by the path's suffix.

    Args:
        path: path of the file.
        frames: uint8 `[height, width, 1 or 3]` each.
        slower: factor on a frame's duration, `FRAME_MILLISECONDS`.
    """
    first, *others = (from_array(np.asarray(x)) for x in frames)
    kind = path.suffix[1:].upper()
    options = {"lossless": True} if kind == "WEBP" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        first.save(
            partial,
            format=kind,
            save_all=True,
            append_images=others,
            duration=FRAME_MILLISECONDS * slower,
            loop=0,
            **options,
        )

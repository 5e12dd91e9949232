"""The files that `python -m wn_gan.sample` writes."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from wn_gan import images
from wn_gan.data import Part
from wn_gan.errors import UserError
from wn_gan.evaluation.nearest import nearest
from wn_gan.files import replacing
from wn_gan.sampling.latent import interpolate
from wn_gan.sampling.source import Source

FRAME_MILLISECONDS = 80
STRIP_STEPS = 8
FRAMES_A_CODE = 16
STAY_FRAMES = 10


def write_pngs(folder: Path, samples: np.ndarray, first_seed: int) -> None:
    """One PNG an image, named by its seed."""
    for number, image in enumerate(samples, first_seed):
        images.save_png(image, folder / f"{number:06}.png")


def write_interpolation(
    folder: Path, source: Source, codes: np.ndarray, kind: str
) -> list[Path]:
    """A strip, a row a pair of codes, and an animation that goes round.

    Args:
        folder: of the two files.
        source: of the images.
        codes: at least two, `[n, code_size]`.
        kind: "webp" or "gif".
    """
    rows = [
        source.images(interpolate(pair, STRIP_STEPS))
        for pair in itertools.pairwise(codes)
    ]
    strip = folder / "interpolation.png"
    picture = images.grid(np.concatenate(rows), columns=STRIP_STEPS + 1)
    images.save_png(picture, strip)
    walk = interpolate(codes, FRAMES_A_CODE, closed=True)
    film = folder / f"interpolation.{kind}"
    write_animation(film, source.images(walk))
    return [strip, film]


def write_neighbours(
    path: Path, train: Part, samples: np.ndarray, count: int
) -> np.ndarray:
    """Rows: a sample, then the training images nearest to it.

    Returns:
        The mean squared error of each sample's nearest one.
    """
    flat = images.to_unit(samples).reshape(len(samples), -1)
    places, errors = nearest(train, flat, count)
    rows = [
        np.concatenate([sample[np.newaxis], train[own]])
        for sample, own in zip(samples, places, strict=True)
    ]
    picture = images.grid(np.concatenate(rows), columns=count + 1)
    images.save_png(picture, path)
    return errors[:, 0]


def write_timeline(path: Path, run_dir: Path) -> int:
    """The grids of fixed codes that a run has left, one after another.

    Returns:
        How many there are.

    Raises:
        UserError: if there are fewer than two.
    """
    paths = sorted((run_dir / "samples").glob("step_*.png"))
    if len(paths) < 2:
        raise UserError(
            f"--timeline: {run_dir} has {len(paths)} grids in samples/; it "
            "takes two (--sample_every_steps)"
        )
    grids = [np.asarray(Image.open(p).convert("RGB")) for p in paths]
    write_animation(path, [*grids, *[grids[-1]] * STAY_FRAMES], 3)
    return len(paths)


def write_animation(
    path: Path, frames: Sequence[np.ndarray], slower: int = 1
) -> None:
    """An animated WebP or GIF, by the path's ending, that goes on for ever.

    Args:
        path: of the file.
        frames: uint8 `[height, width, 1 or 3]` each.
        slower: how many times as long as usual a frame stays.
    """
    first, *others = (images.from_array(np.asarray(x)) for x in frames)
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

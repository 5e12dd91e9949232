"""The work of `python -m wn_gan.sample`."""

from pathlib import Path
from typing import Any

from rich.console import Console

from wn_gan import images
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import write_npz
from wn_gan.sampling.pictures import (
    write_interpolation,
    write_neighbours,
    write_pngs,
    write_timeline,
)
from wn_gan.sampling.source import Source, open_run, open_saved_model
from wn_gan.trained import open_trained

NEIGHBOURS = 7
NEIGHBOURED = 8


def sample(flags: Any) -> list[Path]:
    """Writes what the flags ask for.

    Args:
        flags: of `wn_gan.sample`.

    Returns:
        The files and folders written.

    Raises:
        UserError: for a generator or options that cannot be used; then
            nothing has been written.
    """
    _check(flags)
    train = None
    if flags.neighbours:
        train = open_trained(flags.run_dir).load_split(flags.data_dir).train
    source = _open(flags)
    output = Path(flags.output)
    codes = source.codes(flags.seed, flags.num_images, flags.truncation)
    samples = source.images(codes)
    written = []
    if flags.timeline:
        written.append(output / f"timeline.{flags.animation}")
        write_timeline(written[-1], Path(flags.run_dir))
    if "grid" in flags.formats:
        written.append(output / "grid.png")
        images.save_png(images.square_grid(samples), written[-1])
    if "png" in flags.formats:
        written.append(output / "images")
        write_pngs(written[-1], samples, flags.seed)
    if "npz" in flags.formats:
        written.append(output / "samples.npz")
        write_npz(written[-1], {"images": samples, "z": codes})
    if flags.interpolate:
        chosen = source.codes(flags.seed, flags.interpolate, flags.truncation)
        written += write_interpolation(output, source, chosen, flags.animation)
    if train is not None:
        written.append(output / "neighbours.png")
        some = samples[:NEIGHBOURED]
        errors = write_neighbours(written[-1], train, some, NEIGHBOURS)
        _tell(f"mean squared error of the nearest: {errors.mean():.4f}")
    for path in written:
        _tell(str(path))
    return written


def _check(flags: Any) -> None:
    if flags.num_images < 1:
        raise bad_flag("num_images", flags.num_images, "must be at least 1")
    if flags.seed < 0:
        raise bad_flag("seed", flags.seed, "must be at least 0")
    if not flags.truncation > 0:
        raise bad_flag("truncation", flags.truncation, "must be above 0")
    if flags.interpolate == 1 or flags.interpolate < 0:
        raise bad_flag(
            "interpolate", flags.interpolate, "must be 0, or 2 codes or more"
        )
    for name in set(flags.formats) - {"grid", "png", "npz"}:
        raise bad_flag("formats", name, "must be of grid, png, npz")
    for name in ("neighbours", "timeline"):
        if getattr(flags, name) and flags.run_dir is None:
            raise UserError(f"--{name}: needs --run_dir")


def _open(flags: Any) -> Source:
    if flags.saved_model is not None:
        return open_saved_model(flags.saved_model)
    if flags.checkpoint == "all":
        raise bad_flag("checkpoint", "all", "one at a time: best, last, a step")
    return open_run(flags.run_dir, flags.checkpoint, flags.average)


def _tell(text: str) -> None:
    Console(highlight=False, soft_wrap=True).print(text, markup=False)

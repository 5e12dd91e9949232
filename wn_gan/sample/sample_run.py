"""The work of `python -m wn_gan.sample`."""

from pathlib import Path

from wn_gan.config import SampleOptions
from wn_gan.files import output_folder, write_npz
from wn_gan.generators.generator import (
    Generator,
    generator_of_run,
    generator_of_saved_model,
)
from wn_gan.generators.png_folder import write_pngs
from wn_gan.images import save_shown, square_grid
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.trained_run import open_trained_run
from wn_gan.sample.pictures import (
    write_interpolation,
    write_neighbours,
    write_timeline,
)

NEIGHBOURS = 7
NEIGHBOURED = 8


def sample(options: SampleOptions) -> list[Path]:
    """Writes the requested pictures.

    Args:
        options: options of the verb.

    Returns:
        The files and folders written.

    Raises:
        UserError: for an unusable generator or options; nothing has been
            written then.
    """
    train = None
    if options.neighbours:
        run = open_trained_run(options.run_dir)
        train = run.load_split(options.data_dir).train
    generator = _open(options)
    output = output_folder(options.output)
    written = []
    if options.timeline:
        written.append(output / f"timeline.{options.animation}")
        grids = RunFolder(options.run_dir).sample_grids()
        write_timeline(written[-1], grids)
    written += _write_samples(options, generator, output)
    if options.interpolate:
        chosen = generator.codes(
            options.seed, options.interpolate, options.truncation
        )
        written += write_interpolation(
            output, generator, chosen, options.animation
        )
    if train is not None:
        written.append(output / "neighbours.png")
        count = min(NEIGHBOURED, options.num_images)
        codes = generator.codes(options.seed, count, options.truncation)
        some = generator.pictures(codes)
        errors = write_neighbours(written[-1], train, some, NEIGHBOURS)
        say(
            "mean squared error to the nearest training image: "
            f"{errors.mean():.4f}"
        )
    for path in written:
        say(str(path))
    pictures = [path for path in written if path.suffix == ".png"]
    if pictures:
        say(f"next: open {pictures[0]}")
    return written


def _write_samples(
    options: SampleOptions, generator: Generator, output: Path
) -> list[Path]:
    """Writes the samples in each requested format."""
    codes = generator.codes(
        options.seed, options.num_images, options.truncation
    )
    samples = generator.pictures(codes)
    written = []
    if "grid" in options.formats:
        written.append(output / "grid.png")
        last = options.seed + options.num_images - 1
        caption = f"seeds {options.seed} to {last}"
        source = Path(options.run_dir or options.saved_model).name
        picture = square_grid(samples)
        save_shown(picture, written[-1], caption, f"{source}: {caption}")
    if "png" in options.formats:
        written.append(output / "images")
        write_pngs(written[-1], samples, options.seed)
    if "npz" in options.formats:
        written.append(output / "samples.npz")
        write_npz(written[-1], {"images": samples, "z": codes})
    return written


def _open(options: SampleOptions) -> Generator:
    if options.saved_model is not None:
        say(f"{options.saved_model}: its own graph is run on this machine")
        return generator_of_saved_model(options.saved_model)
    return generator_of_run(
        options.run_dir, options.checkpoint, options.average
    )

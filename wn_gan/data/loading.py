"""Opens a data set by name, fits its images to one size and splits them."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageColor

from wn_gan.config import Config, DataOptions
from wn_gan.data.geometry import Geometry
from wn_gan.data.image_set import Images, ImageSet
from wn_gan.data.pictures import ArrayPictures, ChosenPictures, Source
from wn_gan.data.prepared import open_prepared
from wn_gan.data.sources import open_source
from wn_gan.data.splits import Split, make_split
from wn_gan.data.survey import check_corrupt, survey
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import cache_folder

# Files decoded before training, to find sizes, channels and damaged files.
SURVEYED_IMAGES = 500


def load_images(dataset: str, **options: Any) -> ImageSet:
    """Opens the images that `--dataset` names, at one size.

    Args:
        dataset: one of `sources.FORMS`.
        **options: fields of `DataOptions`: `data_dir`, `image_width`,
            `image_height`, `channels`, ...

    Raises:
        UserError: see `open_images`.
    """
    return open_images(DataOptions(dataset=dataset, **options))


def open_images(options: DataOptions, download: bool = True) -> ImageSet:
    """Opens the images of a run, at one size.

    Args:
        options: the data options, e.g. a `Config`.
        download: whether TensorFlow Datasets may download and prepare.

    Raises:
        UserError: for an unknown name, unusable data, or if more than 5% of
            up to 500 decoded images cannot be read.
    """
    _check_background(options.background)
    folder = options.cache_dir
    cache = Path(folder).expanduser() if folder else cache_folder()
    source = open_source(
        options.dataset, options.data_dir, options.background, cache, download
    )
    image_set = fit_source(source, options)
    if options.prepared_dir is None:
        return image_set
    return _with_prepared(image_set, Path(options.prepared_dir).expanduser())


def _check_background(colour: str) -> None:
    """Checks the colour now: the first transparent image may come late."""
    try:
        ImageColor.getrgb(colour)
    except ValueError:
        raise bad_flag("background", colour, "is no CSS colour") from None


def load_split(config: Config, download: bool = True) -> Split:
    """Opens and splits the data of a run.

    Args:
        config: of the run.
        download: whether TensorFlow Datasets may download and prepare.

    Raises:
        UserError: for an unknown name, unusable data or too few images.
    """
    return split_images(open_images(config, download), config)


def check_batch(config: Config, split: Split) -> None:
    """Refuses a batch that is larger than the training images.

    Args:
        config: of the run.
        split: of its images.

    Raises:
        UserError: naming the flag.
    """
    count = len(split.train)
    if config.batch_size > count:
        raise bad_flag(
            "batch_size",
            config.batch_size,
            f"{config.dataset} has {count:,} training images: must be at most "
            "as many",
        )


def split_images(image_set: ImageSet, config: Config) -> Split:
    """Splits the images of a run; see `make_split`."""
    return make_split(
        image_set,
        config.running_test_images,
        config.final_test_images,
        config.split_seed,
    )


def fit_source(source: Source, options: DataOptions) -> ImageSet:
    """Chooses size and channels, and leaves out damaged pictures.

    Args:
        source: source of the pictures.
        options: the data options.

    Raises:
        UserError: see `open_images`.
    """
    name = options.dataset
    skipped, train = source.skipped, source.train
    if isinstance(train, ArrayPictures):
        _, height, width, channels = train.array.shape
        sizes, gray = [(width, height)], channels == 1
    else:
        found = survey(train, SURVEYED_IMAGES)
        corrupt = {train.name(i): why for i, why in found.corrupt.items()}
        check_corrupt(name, corrupt, found.checked, found.checked)
        skipped += tuple(f"{file}: {why}" for file, why in corrupt.items())
        sizes, gray = sorted(found.sizes), set(found.modes) == {"L"}
        if found.corrupt:
            every = np.arange(len(train))
            bad = list(found.corrupt)
            train = ChosenPictures(train, np.setdiff1d(every, bad))
    geometry = _geometry(sizes, options)
    channels = options.channels or (1 if gray else 3)
    fitted = [
        None if pictures is None else Images(pictures, geometry, channels)
        for pictures in (train, source.validation, source.test)
    ]
    return ImageSet(name, *fitted, skipped=skipped)


def _geometry(sizes: list, options: DataOptions) -> Geometry:
    """The size and crop from the options, or the pictures' own size."""
    name = options.dataset
    width, height = options.image_width, options.image_height
    if width is None and options.crop_size is not None:
        width = height = options.crop_size
    if width is None and len(sizes) > 1:
        shown = ", ".join(f"{w}x{h}" for w, h in sizes[:3])
        raise UserError(
            f"--dataset={name}: images of {len(sizes)} sizes ({shown}, ...): "
            "give --image_width and --image_height"
        )
    if width is None:
        width, height = sizes[0]
    if options.image_width is None and (width % 2 or height % 2):
        raise UserError(
            f"--dataset={name}: images of {width}x{height} have an odd side; "
            "give even --image_width and --image_height"
        )
    return Geometry(
        width=width,
        height=height,
        crop_size=options.crop_size,
        resize_filter=options.resize_filter,
    )


def _with_prepared(image_set: ImageSet, folder: Path) -> ImageSet:
    if image_set.train.array is not None:
        raise bad_flag(
            "prepared_dir",
            folder,
            f"{image_set.name} at this size is held in memory and needs no "
            "preparation; omit this flag",
        )
    return dataclasses.replace(
        image_set,
        **{
            name: Images(
                part.pictures,
                part.geometry,
                part.shape[-1],
                open_prepared(folder, image_set.name, name, part.sha256()),
            )
            for name, part in image_set.parts.items()
        },
    )

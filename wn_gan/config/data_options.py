"""Options of the data."""

import dataclasses

from wn_gan.config.option import LARGEST_SEED, check_values, option
from wn_gan.errors import bad_flag

RESIZE_FILTERS = ("lanczos", "bicubic", "bilinear", "hamming", "box")


# Data sets named by a path: another path may hold the same images.
PATH_KINDS = ("folder", "zip", "npz")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Data set, preprocessing and split.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    dataset: str = option(
        "faces",
        "Data set: 'faces' (drawn faces, 32x32, included), 'celeba', "
        "'lsun/<category>', 'cifar10', 'fashion_mnist', 'folder:<path>' or "
        "'zip:<path>' (image files), 'npz:<path>' (arrays), 'tfds:<name>' "
        "(TensorFlow Datasets).",
    )
    data_dir: str | None = option(
        None,
        "Folder of the data set's official files, or of prepared TensorFlow "
        "Datasets; default: TFDS's own folder.",
        may_change=True,
    )
    cache_dir: str | None = option(
        None,
        "Folder for the indexes of large data sets; default: "
        "$XDG_CACHE_HOME/wn_gan or ~/.cache/wn_gan.",
        may_change=True,
    )
    prepared_dir: str | None = option(
        None,
        "Folder of images that wn_gan.prepare has cropped and resized; "
        "default: crop and resize during training.",
        may_change=True,
    )
    crop_size: int | None = option(
        None,
        "Width in pixels of the center crop; the height follows from the "
        "image shape. Default: the largest crop.",
        minimum=2,
    )
    image_width: int | None = option(
        None,
        "Image width in pixels, even; default: the crop's, or the data's.",
        minimum=2,
    )
    image_height: int | None = option(
        None,
        "Image height in pixels, even; default: the crop's, or the data's.",
        minimum=2,
    )
    resize_filter: str = option(
        "lanczos",
        "Filter for resizing after the crop; all filters antialias.",
        choices=RESIZE_FILTERS,
    )
    channels: int | None = option(
        None,
        "1 (gray) or 3 (colour); default: 1 if no image has colour.",
        choices=(1, 3),
    )
    background: str = option("white", "CSS colour behind transparent pixels.")
    random_crop: bool = option(
        False, "Crop training images at a random position, not the center."
    )
    horizontal_flip: bool = option(
        False, "Mirror training images with probability 1/2."
    )
    running_test_images: int | None = option(
        None,
        "Images held out for the running test; default: 200, but at most a "
        "tenth of the data.",
        minimum=1,
    )
    final_test_images: int | None = option(
        None,
        "Images held out for the final test; default: 1000 (the paper takes "
        "2000), or all images of a smaller official test split; without a "
        "test split at most a tenth of the data.",
        minimum=1,
    )
    split_seed: int = option(
        0,
        "Seed of the split; separate from --seed, so that runs of all seeds "
        "use the same test images.",
        minimum=0,
        maximum=LARGEST_SEED,
    )

    def __post_init__(self) -> None:
        check_values(self)
        self.check_data()

    @property
    def has_path(self) -> bool:
        """Whether `--dataset` is a path, such as folder:<path>."""
        return self.dataset.partition(":")[0] in PATH_KINDS

    @property
    def place(self) -> str | None:
        """Path of the data, as `moved_to` takes it; None for the default."""
        if not self.has_path:
            return self.data_dir
        return self.dataset.partition(":")[2]

    def moved_to(self, data_dir: str) -> "DataOptions":
        """The same options for data that are somewhere else now.

        Args:
            data_dir: the data set's new path, or its new `--data_dir`.
        """
        if not self.has_path:
            return dataclasses.replace(self, data_dir=data_dir)
        kind = self.dataset.partition(":")[0]
        return dataclasses.replace(self, dataset=f"{kind}:{data_dir}")

    def check_even(self) -> None:
        """Checks the size for our networks; others may take any.

        Raises:
            UserError: for an odd size; names the flag.
        """
        for name in ("image_width", "image_height"):
            size = getattr(self, name)
            if size is not None and size % 2:
                raise bad_flag(name, size, "must be even")

    def check_data(self) -> None:
        """Checks the options that depend on each other.

        Raises:
            UserError: for an invalid combination; names a flag.
        """
        names = "image_width", "image_height"
        given = {k: v for k in names if (v := getattr(self, k)) is not None}
        for name, size in given.items():
            if len(given) == 1:
                raise bad_flag(
                    name,
                    size,
                    "give both or neither, --image_width and --image_height",
                )
        if self.random_crop and self.prepared_dir is not None:
            raise bad_flag(
                "random_crop",
                True,
                "needs the original images; omit --prepared_dir",
            )

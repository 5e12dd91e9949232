"""Sources of images, their splits and the input pipeline."""

from wn_gan.config import Config
from wn_gan.data.embedded import load_faces
from wn_gan.data.folder import load_folder
from wn_gan.data.image_set import ImageSet
from wn_gan.data.npz import load_npz
from wn_gan.data.pipeline import training_batches
from wn_gan.data.splits import Split, make_split
from wn_gan.data.tfds_source import load_tfds
from wn_gan.errors import bad_flag, nearest

FORMS = ("faces", "tfds:<name>", "folder:<path>")

__all__ = [
    "ImageSet",
    "Split",
    "load_images",
    "load_npz",
    "load_split",
    "make_split",
    "training_batches",
]


def load_images(
    dataset: str,
    data_dir: str | None = None,
    width: int | None = None,
    height: int | None = None,
) -> ImageSet:
    """Loads the images that `--dataset` names.

    Args:
        dataset: one of `FORMS`.
        data_dir: of prepared TensorFlow Datasets.
        width: to crop and resize to, in pixels; None for the data's own.
        height: likewise.

    Raises:
        UserError: for an unknown name or unusable data.
    """
    kind, _, name = dataset.partition(":")
    if dataset == "faces":
        images = load_faces()
    elif kind == "tfds" and name:
        images = load_tfds(name, data_dir, width, height)
    elif kind == "folder" and name:
        images = load_folder(name, width, height)
    else:
        known = ["faces", f"tfds:{dataset}", f"folder:{dataset}"]
        hint = nearest(dataset, known) or ", ".join(known)
        raise bad_flag(
            "dataset",
            dataset,
            f"must be one of {', '.join(FORMS)}; the nearest are {hint}",
        )
    return images.resized(width, height)


def load_split(config: Config) -> Split:
    """The data of a run, split.

    Raises:
        UserError: for an unknown name, unusable data or too few images.
    """
    images = load_images(
        config.dataset,
        config.data_dir,
        config.image_width,
        config.image_height,
    )
    return make_split(
        images,
        config.running_test_images,
        config.final_test_images,
        config.split_seed,
    )

"""Sources of images, their splits and the input pipeline."""

from wn_gan.data.feeding import batches, feed_of
from wn_gan.data.image_set import Images, ImageSet, array_images
from wn_gan.data.loading import (
    load_config_images,
    load_images,
    load_split,
    split_images,
)
from wn_gan.data.pipeline import Augmentation, Feed, training_batches
from wn_gan.data.sources import load_npz
from wn_gan.data.splits import Part, Split, make_split

__all__ = [
    "Augmentation",
    "Feed",
    "ImageSet",
    "Images",
    "Part",
    "Split",
    "array_images",
    "batches",
    "feed_of",
    "load_config_images",
    "load_images",
    "load_npz",
    "load_split",
    "make_split",
    "split_images",
    "training_batches",
]

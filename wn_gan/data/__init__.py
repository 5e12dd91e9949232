"""Sources of images, their splits and the input pipeline."""

from wn_gan.data.feed import Augmentation, Feed, feed_of
from wn_gan.data.image_set import Images, ImageSet, array_images
from wn_gan.data.loading import (
    check_batch,
    load_images,
    load_split,
    open_images,
    split_images,
)
from wn_gan.data.pipeline import batches, training_batches
from wn_gan.data.sources import load_npz
from wn_gan.data.splits import Split, Subset, make_split

__all__ = [
    "Augmentation",
    "Feed",
    "ImageSet",
    "Images",
    "Split",
    "Subset",
    "array_images",
    "batches",
    "check_batch",
    "feed_of",
    "load_images",
    "load_npz",
    "load_split",
    "make_split",
    "open_images",
    "split_images",
    "training_batches",
]

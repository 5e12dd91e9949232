"""Train, running test and final test: disjoint, seeded, hashed."""

import dataclasses
import hashlib

import numpy as np

from wn_gan.data.image_set import ImageSet
from wn_gan.errors import UserError

DEFAULT_FINAL_TEST_IMAGES = 2000


@dataclasses.dataclass(frozen=True)
class Split:
    """Which images are for what; positions in the image set's arrays.

    Attributes:
        image_set: what is split.
        train: positions in `image_set.train`.
        running_test: positions in `image_set.train`; may choose `best`.
        final_test: positions in `image_set.test` where the source has its
            own test split, else in `image_set.train`; reported once.
    """

    image_set: ImageSet
    train: np.ndarray
    running_test: np.ndarray
    final_test: np.ndarray

    @property
    def running_test_images(self) -> np.ndarray:
        """Uint8 `[n, height, width, channels]`."""
        return self.image_set.train[self.running_test]

    @property
    def final_test_images(self) -> np.ndarray:
        """Uint8 `[n, height, width, channels]`."""
        own = self.image_set.test
        return (self.image_set.train if own is None else own)[self.final_test]

    def description(self) -> dict:
        """What `split.json` holds: counts, positions and content hashes.

        Two splits with the same hashes hold the same pixels in the same
        order, wherever they came from.
        """
        hashes = {
            "train": content_sha256(self.image_set.train, self.train),
            "running_test": content_sha256(self.running_test_images),
            "final_test": content_sha256(self.final_test_images),
        }
        own = self.image_set.test is not None
        return {
            "dataset": self.image_set.name,
            "image_shape": list(self.image_set.image_shape),
            "skipped": list(self.image_set.skipped),
            "num_images": {
                "train": len(self.train),
                "running_test": len(self.running_test),
                "final_test": len(self.final_test),
            },
            "sha256": hashlib.sha256(
                "".join(hashes.values()).encode()
            ).hexdigest(),
            "part_sha256": hashes,
            "final_test_from": "the source's test split" if own else "train",
            "running_test": self.running_test.tolist(),
            "final_test": self.final_test.tolist(),
        }


def make_split(
    image_set: ImageSet,
    running_test_images: int,
    final_test_images: int | None,
    seed: int,
) -> Split:
    """Splits an image set.

    Args:
        image_set: to be split.
        running_test_images: to hold out for the running test.
        final_test_images: to hold out for the final test; None for 2,000,
            for all of a smaller test split, or for a tenth of the images
            where there is no test split.
        seed: of the choice.

    Raises:
        UserError: if fewer images are there, or none would be left to train
            on.
    """
    total, own = len(image_set.train), image_set.test
    if final_test_images is None:
        final_test_images = min(
            DEFAULT_FINAL_TEST_IMAGES,
            len(own) if own is not None else max(total // 10, 1),
        )
    # RandomState, not Generator: its stream is frozen for all versions.
    order = np.random.RandomState(seed).permutation(total)
    running_test, rest = np.split(order, [min(running_test_images, total)])
    if own is None:
        final_test, rest = np.split(rest, [min(final_test_images, len(rest))])
    else:
        test_order = np.random.RandomState(seed).permutation(len(own))
        final_test = np.sort(test_order[:final_test_images])
    _check(image_set, "running_test_images", running_test_images, running_test)
    _check(image_set, "final_test_images", final_test_images, final_test)
    if not len(rest):
        raise UserError(
            f"--dataset={image_set.name}: of {total} images none is left to "
            f"train on after --running_test_images={running_test_images} and "
            f"--final_test_images={final_test_images}"
        )
    return Split(
        image_set, np.sort(rest), np.sort(running_test), np.sort(final_test)
    )


def _check(image_set, flag, wanted, found) -> None:
    if len(found) < wanted:
        raise UserError(
            f"--{flag}={wanted}: {image_set.name} has only {len(found)} "
            "images for it"
        )


def content_sha256(
    images: np.ndarray, positions: np.ndarray | None = None
) -> str:
    """A hash of images in their order; of some of them, by position."""
    digest = hashlib.sha256(repr(images.shape[1:]).encode())
    if positions is None:
        positions = np.arange(len(images))
    for part in np.array_split(positions, max(len(positions) // 1000, 1)):
        digest.update(np.ascontiguousarray(images[part]).data)
    return digest.hexdigest()

"""Disjoint, seeded and hashed: train, running test and final test."""

import dataclasses
import hashlib
import threading

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.geometry import CENTER
from wn_gan.data.image_set import Images, ImageSet, gather
from wn_gan.data.pictures import content_sha256
from wn_gan.data.survey import check_corrupt
from wn_gan.errors import UserError

DEFAULT_RUNNING_TEST_IMAGES = 200
DEFAULT_FINAL_TEST_IMAGES = 1000


class Subset:
    """A selection of a source's images; indexed like an array.

    The next readable image of the part replaces an unreadable one, so the
    image at an index depends on the files alone.

    Args:
        images: all images of the source.
        positions: positions of the selected images in `images`.
        dataset: name of the data set, for messages.
    """

    def __init__(
        self, images: Images, positions: np.ndarray, dataset: str = ""
    ):
        self.dataset = dataset
        self.images = images
        self.positions = positions
        self._lock = threading.Lock()
        self._reads = 0
        self.skipped: dict[str, str] = {}
        """Name -> reason, for each image found unreadable so far."""

    def __len__(self) -> int:
        """Number of images."""
        return len(self.positions)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of images, height, width and channels."""
        return (len(self), *self.images.shape[1:])

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """Reads several images, uint8 `[n, height, width, channels]`.

        Raises:
            UserError: if too many images cannot be read.
        """
        if self.images.array is not None:
            return self.images.array[self.positions[index]]
        return gather(self.read, np.arange(len(self))[index], self.shape[1:])

    def read(
        self, index: int, place: tuple[float, float] = CENTER
    ) -> np.ndarray:
        """Reads one image.

        Args:
            index: index in this subset.
            place: place of the crop, see `Geometry.box`.

        Returns:
            uint8 `[height, width, channels]`.

        Raises:
            UserError: if too many images cannot be read.
        """
        for k in range(len(self)):
            position = self.positions[(index + k) % len(self)]
            with self._lock:
                self._reads += 1
            try:
                return self.images.read(position, place)
            except CorruptImage as error:
                self._skip(position, str(error))
        raise UserError(
            f"--dataset={self.dataset}: none of its images can be read"
        )

    def skipped_lines(self) -> list[str]:
        """A line for each image found unreadable so far."""
        return [
            f"skipped {name}: {reason}; the next image takes its place"
            for name, reason in self.skipped.items()
        ]

    def _skip(self, position: int, reason: str) -> None:
        with self._lock:
            self.skipped[self.images.name(position)] = reason
            skipped = dict(self.skipped)
        seen = min(self._reads, len(self))
        check_corrupt(self.dataset, skipped, seen, len(self))

    def sha256(self) -> str:
        """Hash of the pixels if in memory, else see `Images.sha256`."""
        if self.images.array is not None:
            return content_sha256(self.images.array, self.positions)
        digest = hashlib.sha256(self.images.sha256().encode())
        digest.update(np.asarray(self.positions, np.int64).data)
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Split:
    """A data set divided into training and test images.

    Attributes:
        image_set: the whole data set.
        train: the training images.
        running_test: images that may choose `best`; from the source's own
            validation split if it has one, else from its training images.
        final_test: images of the test that is reported once; from the
            source's own test split if it has one, else from its training
            images.
    """

    image_set: ImageSet
    train: Subset
    running_test: Subset
    final_test: Subset

    def description(self) -> dict:
        """Content of `split.json`: counts, positions and hashes.

        Images in memory are hashed by their pixels: splits with equal hashes
        hold the same images in the same order, from any source. Files are
        hashed by names and lengths (in a zip, by checksums too), because a
        data set may have millions of them.
        """
        parts = {
            "train": self.train,
            "running_test": self.running_test,
            "final_test": self.final_test,
        }
        hashes = {name: part.sha256() for name, part in parts.items()}
        return {
            "dataset": self.image_set.name,
            "image_shape": list(self.image_set.image_shape),
            "skipped": list(self.image_set.skipped),
            "num_images": {name: len(part) for name, part in parts.items()},
            "sha256": hashlib.sha256(
                "".join(hashes.values()).encode()
            ).hexdigest(),
            "part_sha256": hashes,
            "running_test_from": self._origin(self.running_test),
            "final_test_from": self._origin(self.final_test),
            "running_test": self.running_test.positions.tolist(),
            "final_test": self.final_test.positions.tolist(),
        }

    def _origin(self, part: Subset) -> str:
        if part.images is self.image_set.validation:
            return "the source's validation split"
        if part.images is self.image_set.test:
            return "the source's test split"
        return "train"


def make_split(
    image_set: ImageSet,
    running_test_images: int | None,
    final_test_images: int | None,
    seed: int,
) -> Split:
    """Splits an image set.

    Args:
        image_set: the data set.
        running_test_images: number of images of the running test. None means
            200, but at most a tenth of the images, or the whole validation
            split.
        final_test_images: number of images of the final test. None means
            1,000, but at most the whole test split or, without a test split,
            a tenth of the images.
        seed: seed of the random choice.

    Raises:
        UserError: if there are too few images or no training image is left.
    """
    train, own = image_set.train, image_set.test
    if final_test_images is None:
        final_test_images = _share(train, own, DEFAULT_FINAL_TEST_IMAGES)
    if running_test_images is None:
        running_test_images = _share(
            train, image_set.validation, DEFAULT_RUNNING_TEST_IMAGES
        )
    rest = _permutation(train, seed)
    if image_set.validation is None:
        running, rest = np.split(rest, [running_test_images])
    else:
        running = _permutation(image_set.validation, seed)
        running = running[:running_test_images]
    if own is None:
        final, rest = np.split(rest, [final_test_images])
    else:
        final = _permutation(own, seed)[:final_test_images]
    _check(image_set, "running_test_images", running_test_images, running)
    _check(image_set, "final_test_images", final_test_images, final)
    if not len(rest):
        raise UserError(
            f"--dataset={image_set.name}: of {len(train)} images none is left "
            f"to train on after --running_test_images={running_test_images} "
            f"and --final_test_images={final_test_images}"
        )

    def part(images: Images | None, positions: np.ndarray) -> Subset:
        # Without a part of its own, a test takes training images.
        images = train if images is None else images
        return Subset(images, np.sort(positions), image_set.name)

    return Split(
        image_set,
        part(train, rest),
        part(image_set.validation, running),
        part(own, final),
    )


def _share(train: Images, own: Images | None, most: int) -> int:
    """Images of a test: all of its own part, or a tenth, up to a limit."""
    there = max(len(train) // 10, 1) if own is None else len(own)
    return min(there, most)


def _permutation(images: Images, seed: int) -> np.ndarray:
    # RandomState, not Generator: its stream is frozen for all versions.
    return np.random.RandomState(seed).permutation(len(images))


def _check(image_set, flag, wanted, found) -> None:
    if len(found) < wanted:
        raise UserError(
            f"--{flag}={wanted}: {image_set.name} has only {len(found)} "
            "images for it"
        )

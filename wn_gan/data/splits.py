"""Train, running test and final test: disjoint, seeded, hashed."""

import dataclasses
import hashlib
import threading

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.geometry import CENTER
from wn_gan.data.image_set import Images, ImageSet, gather
from wn_gan.data.survey import check_corrupt
from wn_gan.errors import UserError

DEFAULT_FINAL_TEST_IMAGES = 2000


class Subset:
    """Some of a source's images; indexed like an array.

    An image that turns out to be unreadable is left out, and the next one of
    the part stands in for it: what is read where depends on the files alone.

    Args:
        images: of the source.
        positions: in `images`.
        dataset: its name, for messages.
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
        """Name -> reason of what could not be read so far."""

    def __len__(self) -> int:
        """How many images."""
        return len(self.positions)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Images, height, width and channels."""
        return (len(self), *self.images.shape[1:])

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """Uint8 `[n, height, width, channels]`.

        Raises:
            UserError: if too many images cannot be read.
        """
        if self.images.array is not None:
            return self.images.array[self.positions[index]]
        return gather(self.read, np.arange(len(self))[index], self.shape[1:])

    def read(
        self, index: int, place: tuple[float, float] = CENTER
    ) -> np.ndarray:
        """One image.

        Args:
            index: in the part.
            place: of the crop, see `Geometry.box`.

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
            f"--dataset={self.dataset}: no image can be read any more"
        )

    def _skip(self, position: int, reason: str) -> None:
        with self._lock:
            self.skipped[self.images.name(position)] = reason
            skipped = dict(self.skipped)
        seen = min(self._reads, len(self))
        check_corrupt(self.dataset, skipped, seen, len(self))

    def sha256(self) -> str:
        """Of the pixels where they are in memory, else see `Images.sha256`."""
        if self.images.array is not None:
            return content_sha256(self.images.array, self.positions)
        digest = hashlib.sha256(self.images.sha256().encode())
        digest.update(np.asarray(self.positions, np.int64).data)
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Split:
    """Which images are for what.

    Attributes:
        image_set: what is split.
        train: to train on.
        running_test: may choose `best`; from the source's own validation
            split where it has one, else from its training images.
        final_test: reported once; from the source's own test split where it
            has one, else from its training images.
    """

    image_set: ImageSet
    train: Subset
    running_test: Subset
    final_test: Subset

    def description(self) -> dict:
        """What `split.json` holds: counts, positions and hashes.

        Images in memory are hashed by their pixels: two splits with the same
        hashes hold the same ones in the same order, wherever they came from.
        Files are hashed by their names and lengths (in a zip, by their
        checksums too), since a data set may have millions of them.
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
    train, own = image_set.train, image_set.test
    if final_test_images is None:
        final_test_images = min(
            DEFAULT_FINAL_TEST_IMAGES,
            len(own) if own is not None else max(len(train) // 10, 1),
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
        # What the source has no part for comes from its training images.
        images = train if images is None else images
        return Subset(images, np.sort(positions), image_set.name)

    return Split(
        image_set,
        part(train, rest),
        part(image_set.validation, running),
        part(own, final),
    )


def _permutation(images: Images, seed: int) -> np.ndarray:
    # RandomState, not Generator: its stream is frozen for all versions.
    return np.random.RandomState(seed).permutation(len(images))


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

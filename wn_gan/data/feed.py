"""Reads augmented training images and measures the time spent waiting."""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data.geometry import CENTER
from wn_gan.data.splits import Split, Subset
from wn_gan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random crop and flip, a function of the seed and the place.

    Attributes:
        seed: seed of the random choices.
        random_crop: crop at a random place instead of the center.
        horizontal_flip: mirror an image with probability 0.5.
    """

    seed: int = 0
    random_crop: bool = False
    horizontal_flip: bool = False

    @property
    def on(self) -> bool:
        """Whether any augmentation is on."""
        return self.random_crop or self.horizontal_flip

    def read(self, part: Subset, index: int, place: int) -> np.ndarray:
        """Reads one image and augments it.

        Args:
            part: the images to read from.
            index: index of the image in `part`.
            place: position in the endless sequence of training images,
                counted from the run's first image.

        Returns:
            uint8 `[height, width, channels]`.
        """
        # The raw stream of Philox is the same in all versions of NumPy.
        bits = np.random.Philox(key=[self.seed, place]).random_raw(3)
        across, down, turn = bits / 2.0**64
        where = (across, down) if self.random_crop else CENTER
        image = part.read(index, where)
        flip = self.horizontal_flip and turn < 0.5
        return image[:, ::-1] if flip else image


class Feed:
    """Reads batches and records how long training waited for them.

    Args:
        part: the training images.
        augmentation: the augmentation; default: none.
    """

    def __init__(self, part: Subset, augmentation: Augmentation | None = None):
        self.part = part
        self.augmentation = augmentation or Augmentation()
        self.error: Exception | None = None
        self._ready: dict[int, float] = {}
        self._lock = threading.Lock()

    def read(self, step: int, places: np.ndarray, order: np.ndarray):
        """Reads the batch of a step.

        Args:
            step: step of the batch.
            places: int64 `[batch]`, see `Augmentation.read`.
            order: int64 `[batch]`, indexes of the images.

        Returns:
            uint8 `[batch, height, width, channels]`.
        """
        try:
            batch = self._read(places, order)
        except Exception as error:
            self.error = error
            raise
        with self._lock:
            self._ready[int(step)] = time.perf_counter()
        return batch

    @contextlib.contextmanager
    def naming_errors(self, hint: str = "") -> Iterator[None]:
        """Raises `UserError` where TensorFlow says that reading failed.

        Args:
            hint: what the message adds.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if self.error is None:
                raise
            raise UserError(f"{self.error}{hint}") from error

    def _read(self, places: np.ndarray, order: np.ndarray) -> np.ndarray:
        if not self.augmentation.on:
            return self.part[order]
        return np.stack(
            [
                self.augmentation.read(self.part, index, place)
                for index, place in zip(order, places.tolist(), strict=True)
            ]
        )

    def waited(self, step: int, asked: float) -> float:
        """Seconds from the request of a step's batch until it was ready.

        Args:
            step: step of the batch; drops the times of earlier steps.
            asked: time of the request, from `time.perf_counter`.
        """
        with self._lock:
            ready = self._ready.get(step, asked)
            for old in [one for one in self._ready if one <= step]:
                del self._ready[old]
        return max(ready - asked, 0.0)


def feed_of(config: Config, split: Split) -> Feed:
    """Creates the feed of the training images."""
    augmentation = Augmentation(
        config.seed, config.random_crop, config.horizontal_flip
    )
    return Feed(split.train, augmentation)

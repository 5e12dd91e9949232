"""Reads training images, augmented, and measures how long training waits."""

import dataclasses
import threading
import time

import numpy as np

from wn_gan.config import Config
from wn_gan.data.geometry import CENTER
from wn_gan.data.splits import Split, Subset


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What varies each time an image is shown; a function of seed and place.

    Attributes:
        seed: of the choices.
        random_crop: cut at a random place instead of the center.
        horizontal_flip: mirror every other image.
    """

    seed: int = 0
    random_crop: bool = False
    horizontal_flip: bool = False

    @property
    def on(self) -> bool:
        """Whether anything varies."""
        return self.random_crop or self.horizontal_flip

    def read(self, part: Subset, index: int, place: int) -> np.ndarray:
        """An image as it is shown at a place of the endless sequence.

        Args:
            part: to read from.
            index: of the image in it.
            place: counted from the run's first image.

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
    """Reads the batches, and knows how long training waited for them.

    Args:
        part: the images to train on.
        augmentation: what varies.
    """

    def __init__(self, part: Subset, augmentation: Augmentation | None = None):
        self.part = part
        self.augmentation = augmentation or Augmentation()
        self.error: Exception | None = None
        self._ready: dict[int, float] = {}
        self._lock = threading.Lock()

    def read(self, step: int, places: np.ndarray, order: np.ndarray):
        """The batch of a step, uint8 `[batch, height, width, channels]`."""
        try:
            batch = self._read(places, order)
        except Exception as error:
            self.error = error
            raise
        with self._lock:
            self._ready[int(step)] = time.perf_counter()
        return batch

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
        """Seconds from asking for a step's batch until it was ready.

        Args:
            step: whose batch was asked for; earlier ones are forgotten.
            asked: by `time.perf_counter`.
        """
        with self._lock:
            ready = self._ready.get(step, asked)
            for old in [one for one in self._ready if one <= step]:
                del self._ready[old]
        return max(ready - asked, 0.0)


def feed_of(config: Config, split: Split) -> Feed:
    """What reads the training images."""
    augmentation = Augmentation(
        config.seed, config.random_crop, config.horizontal_flip
    )
    return Feed(split.train, augmentation)

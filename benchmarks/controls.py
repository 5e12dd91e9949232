"""Time and memory of the data controls on many training images.

    python benchmarks/controls.py [--num_images=1000000] [--side=32]

Measures the mean image, PCA and the nearest training images of synthetic
images, which are made when they are read: the set takes no memory. Then times
a pass over a few images of LSUN's size, and extrapolates it to LSUN bedroom.
Decoding JPEGs is not part of it.
"""

import dataclasses
import hashlib
import os
import pathlib
import sys
import tempfile
import time

import numpy as np

from wn_gan import cli
from wn_gan.config.option import option

LSUN_IMAGES, LSUN_SIDE = 3_033_042, 160
LSUN_TIMED_IMAGES = 4096
TEST_SEED = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ControlsBenchmarkOptions:
    """Options of this benchmark."""

    num_images: int = option(1_000_000, "Training images.", minimum=1)
    side: int = option(32, "Height and width of the images.", minimum=1)
    num_targets: int = option(2000, "Test images.", minimum=1)
    components: int = option(256, "Principal components.", minimum=1)


class SyntheticImages:
    """Images that are made from their position, in place of `data.Images`.

    Each is the sum of three of 256 dark ones, so 2**24 are different.

    Args:
        count: number of images.
        side: height and width.
        seed: of the dark images.
    """

    array = None

    def __init__(self, count: int, side: int, seed: int = 0):
        self.shape = (count, side, side, 3)
        random = np.random.default_rng(seed)
        self.parts = random.integers(0, 86, (3, 256, side, side, 3), np.uint8)

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def read(self, position: int, place: object = None) -> np.ndarray:
        """Makes one image, uint8 `[height, width, channels]`."""
        one, two, three = self.parts
        result = one[position % 256] + two[position // 256 % 256]
        result += three[position // 65536 % 256]
        return result

    def sha256(self) -> str:
        """Hash of the dark images and the shape."""
        digest = hashlib.sha256(repr(self.shape).encode())
        digest.update(self.parts.data)
        return digest.hexdigest()


def peak_mib() -> int:
    """Peak of this process' memory."""
    status = pathlib.Path("/proc/self/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return int(lines["VmHWM"].split()[0]) // 1024


def sets(count: int, side: int, num_targets: int) -> tuple:
    """Training images and targets."""
    from wn_gan.data import Subset

    train = SyntheticImages(count, side)
    test = SyntheticImages(num_targets, side, TEST_SEED)
    targets = np.stack([test.read(65_793 * i) for i in range(num_targets)])
    return Subset(train, np.arange(count)), targets


def measure(options: ControlsBenchmarkOptions) -> None:
    """Measures all controls, with nothing in the cache."""
    from wn_gan.evaluate.controls import data_controls

    train, targets = sets(options.num_images, options.side, options.num_targets)
    before = peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        data_controls(
            train, targets, options.components, 0, pathlib.Path(folder)
        )
        seconds = time.perf_counter() - start
    print(
        f"{options.num_images:,} images of {options.side}x{options.side}x3 "
        f"against {options.num_targets:,}: {seconds:.0f} s, "
        f"{1000 * seconds / options.num_images:.3f} ms per image; peak "
        f"{peak_mib()} MiB, {before} MiB before "
        f"({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})"
    )


def extrapolate(options: ControlsBenchmarkOptions) -> None:
    """Times a pass over images of LSUN's size."""
    from wn_gan.evaluate.data_pass import Statistics, data_pass

    train, targets = sets(LSUN_TIMED_IMAGES, LSUN_SIDE, options.num_targets)
    flat = targets.reshape(len(targets), -1)
    chosen = np.arange(len(train))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        seen = Statistics(flat, with_products=False)
        data_pass(train, chosen, seen, pathlib.Path(folder))
        seconds = (time.perf_counter() - start) / len(train)
    print(
        f"{LSUN_SIDE}x{LSUN_SIDE}x3: {1000 * seconds:.2f} ms per image, "
        f"{1e9 * seconds / flat.shape[1]:.0f} ns per image and pixel value; "
        f"{LSUN_IMAGES:,} images would take "
        f"{seconds * LSUN_IMAGES / 3600:.1f} h, 50,000 "
        f"{seconds * 50_000 / 60:.1f} min, without decoding; peak "
        f"{peak_mib()} MiB"
    )


def main(options: ControlsBenchmarkOptions) -> None:
    """Measures with the given flags."""
    measure(options)
    extrapolate(options)


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, (ControlsBenchmarkOptions,), main))

"""Which feature-space measure sees what, on real images.

    python benchmarks/feature_measures.py --dataset=cifar10 --data_dir=...

Compares training images with other real images, and with these after blur,
noise and collapse (30 images repeated), in the features of `lite0`. Prints a
Markdown table, and the time of 2,000 images.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.ndimage

from wn_gan import cli
from wn_gan.config import DataOptions
from wn_gan.data import Subset, open_images
from wn_gan.features.extractor import open_extractor
from wn_gan.features.image_features import image_features
from wn_gan.features.measures import measures
from wn_gan.progress import Progress

IMAGES = 2048
COLLAPSED_TO = 30


def degraded(real: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Names and images, uint8."""
    random = np.random.RandomState(0)
    yield "other real images", real
    for sigma in (0.5, 1.0):
        blurred = scipy.ndimage.gaussian_filter(
            real.astype(float), (0, sigma, sigma, 0)
        )
        yield f"blur, sigma {sigma}", as_images(blurred)
    for deviation in (8, 25):
        noise = random.normal(size=real.shape) * deviation
        yield f"noise, deviation {deviation}", as_images(real + noise)
    repeated = np.resize(np.arange(COLLAPSED_TO), len(real))
    yield f"{COLLAPSED_TO} of them, repeated", real[repeated]


def as_images(values: np.ndarray) -> np.ndarray:
    """Rounds and clips to uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def main(options: DataOptions) -> None:
    """Measures and prints."""
    images = open_images(options).train
    order = np.random.RandomState(0).permutation(images.shape[0])
    some = Subset(images, order[: 2 * IMAGES])[:]
    reference, others = some[:IMAGES], some[IMAGES:]
    extractor = open_extractor("lite0")

    def features(pixels):
        with (
            tempfile.TemporaryDirectory() as folder,
            Progress(len(pixels), "images") as progress,
        ):
            found = image_features(
                extractor,
                lambda rows: pixels[rows],
                len(pixels),
                "",
                Path(folder),
                progress,
            )
            return np.array(found)

    start = time.perf_counter()
    real = features(reference)
    seconds = (time.perf_counter() - start) / IMAGES * 2000
    rows = []
    for name, pixels in degraded(others):
        found = measures(real, features(pixels))
        interval = f"{found['KID from']:.4f} to {found['KID to']:.4f}"
        numbers = " | ".join(
            f"{found[key]:.3f}"
            for key in ("FD", "precision", "recall", "density", "coverage")
        )
        rows.append(f"| {name} | {found['KID']:.4f} ({interval}) | {numbers} |")
    print("| images | KID | FD | precision | recall | density | coverage |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"2,000 images of {reference.shape[1:3]}: {seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, (DataOptions,), main))

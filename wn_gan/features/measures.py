"""All measures of samples against one set of real images."""

import numpy as np

from wn_gan.features.frechet_distance import (
    LEAST_IMAGES,
    LEAST_OF_COVARIANCE,
    frechet_distance,
)
from wn_gan.features.kernel_distance import LEAST_IMAGES as LEAST_OF_KERNEL
from wn_gan.features.kernel_distance import kernel_distance
from wn_gan.features.neighbours import NEAREST_K, neighbourhood


def measures(
    real: np.ndarray,
    samples: np.ndarray,
    frechet_name: str = "FD",
    frechet_any_size: bool = False,
) -> dict[str, float]:
    """Kernel and Fréchet distance, precision, recall, density, coverage.

    A measure that needs more images than there are is left out.

    Args:
        real: features of real images, `[n, width]`.
        samples: features of samples, `[m, width]`.
        frechet_name: "FID" or "FD", see `Extractor`.
        frechet_any_size: whether to compute it below 2,048 images too.

    Returns:
        Numbers by name.
    """
    least = min(len(real), len(samples))
    found: dict[str, float] = {}
    if least >= LEAST_OF_KERNEL:
        kernel = kernel_distance(real, samples)
        found |= {
            "KID": kernel.mean,
            "KID from": kernel.low,
            "KID to": kernel.high,
        }
    if least >= (LEAST_OF_COVARIANCE if frechet_any_size else LEAST_IMAGES):
        found[frechet_name] = frechet_distance(real, samples)
    if least > NEAREST_K:
        found |= neighbourhood(real, samples)._asdict()
    return found

"""Our feature-space measures beside published implementations.

    pip install torch-fidelity prdc && python benchmarks/published_measures.py

On two sets of seeded features: the unbiased squared MMD and the Fréchet
distance of torch-fidelity, and prdc's four shares. Prints both and the relative
difference.
"""

import numpy as np
import prdc
import torch
from torch_fidelity import metric_fid, metric_kid

from wn_gan.features.frechet_distance import frechet_distance
from wn_gan.features.kernel_distance import squared_mmd
from wn_gan.features.neighbours import NEAREST_K, neighbourhood

IMAGES, WIDTH = 2048, 256


def main() -> None:
    """Computes both and prints them."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH)
    real = np.maximum(random.normal(size=(IMAGES, WIDTH)) @ mixing, 0)
    samples = np.maximum(random.normal(size=(IMAGES, WIDTH)) @ mixing * 1.1, 0)
    kernels = [
        metric_kid.kernel_poly(a, b, degree=3, gamma=None, coef0=1)
        for a, b in ((real, real), (samples, samples), (real, samples))
    ]
    theirs = {
        "MMD": metric_kid.mmd2(
            kernels[0], kernels[2], kernels[1], mmd_est="unbiased"
        ),
        "FD": metric_fid.fid_statistics_to_metric(
            *(
                metric_fid.fid_features_to_statistics(torch.tensor(each))
                for each in (real, samples)
            ),
            verbose=False,
        )["frechet_inception_distance"],
        **prdc.compute_prdc(real, samples, NEAREST_K),
    }
    ours = {
        "MMD": squared_mmd(real, samples),
        "FD": frechet_distance(real, samples),
        **neighbourhood(real, samples)._asdict(),
    }
    for name, value in ours.items():
        published = float(theirs[name])
        print(
            f"{name}: ours {value:.9f}, published {published:.9f}, "
            f"relative difference {abs(value / published - 1):.1e}"
        )


if __name__ == "__main__":
    main()

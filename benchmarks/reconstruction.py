"""Overhead of the `paper` search over the generator itself.

    python benchmarks/reconstruction.py

Times 50 evaluations of `paper` on 100 images of CIFAR size, and as many bare
forward and backward passes of the same folded generator (from the squared error
to z) in one `tf.function`, alternately in one process.
"""

import time

import numpy as np
import tensorflow as tf

from wn_gan import networks
from wn_gan.networks.fold import folded
from wn_gan.reconstruction import Reconstructor, objective

IMAGES, CODE_SIZE, EVALUATIONS, TURNS = 100, 128, 50, 12


def seconds(function) -> float:
    """Returns the wall time of one call, in seconds."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Measures and prints."""
    generator = networks.build_generator("weight", 32, 32)
    twin = folded(generator)
    targets = np.random.default_rng(0).random((IMAGES, 32, 32, 3), np.float32)
    search = Reconstructor(
        lambda z: twin(z, training=False),
        (32, 32, 3),
        CODE_SIZE,
        solver="paper",
        evaluations=EVALUATIONS,
    )
    evaluate = objective(
        lambda z: twin(z, training=False), tf.constant(targets)
    )

    @tf.function
    def bare(z):
        # Each pass uses the last one's code, or TensorFlow would drop it.
        for _ in tf.range(EVALUATIONS):
            _, gradient = evaluate(z)
            z -= gradient
        return z

    z = tf.zeros([IMAGES, CODE_SIZE])
    jobs = (lambda: search(targets), lambda: bare(z).numpy())
    for job in jobs:
        job()
    times = np.array([[seconds(job) for job in jobs] for _ in range(TURNS)])
    per_step = np.median(times, axis=0) / EVALUATIONS * 1000
    ratios = times[:, 0] / times[:, 1]
    print(f"paper: {per_step[0]:.1f} ms per evaluation of {IMAGES} images")
    print(f"bare forward and backward pass: {per_step[1]:.1f} ms")
    print(
        f"ratio: median {np.median(ratios):.3f}, {ratios.min():.3f} to "
        f"{ratios.max():.3f} over {TURNS} turns"
    )


if __name__ == "__main__":
    main()

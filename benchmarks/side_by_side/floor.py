"""The floor of a step: its matrix products at the CPU's own rate.

As a command it is a worker: "images" of its rate are GFLOP.
"""

import math
import sys

import keras
import tensorflow as tf

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import Case
from wn_gan.gan.model import GAN

SIDE = 2048


def step_gflop(gan: GAN, case: Case) -> float:
    """GFLOP of the convolutions and products of a step, per image.

    A backward pass costs one forward pass for the inputs, and one for the
    weights. "alternate": two forward passes of G and one backward in
    full; D sees two images forward and back, and the second fake forward and
    back to its pixels. "shared" saves one pass of G, and one of D.
    """
    g, d = (forward_gflop(each) for each in (gan.generator, gan.discriminator))
    passes = (4, 8) if case.order == "alternate" else (3, 7)
    return round(passes[0] * g + passes[1] * d, 4)


def forward_gflop(network: keras.Model) -> float:
    """GFLOP of one image's forward pass; one product and sum are two."""
    return 2e-9 * sum(_products(layer) for layer in network.layers)


def _products(layer: keras.layers.Layer) -> int:
    """Products of a layer: each kernel element, once per place."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    image = layer.input if "Transpose" in type(layer).__name__ else layer.output
    return math.prod(kernel.shape) * math.prod(image.shape[1:-1])


def main() -> None:
    """Times float32 products of square matrices."""
    a, b = (tf.random.normal([SIDE, SIDE]) for _ in range(2))
    worker.images_per_second(
        lambda: tf.matmul(a, b),
        lambda product: product[0, 0].numpy(),
        2e-9 * SIDE**3,
        {"version": f"TensorFlow {tf.__version__}"},
    )


if __name__ == "__main__":
    sys.exit(main())

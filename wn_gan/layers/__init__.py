"""Layers of the paper, usable on their own."""

from wn_gan.layers.activations import PReLU, TPReLU, TReLU
from wn_gan.layers.batch_norm import BatchNorm
from wn_gan.layers.initializers import fan_in_uniform
from wn_gan.layers.weight_norm import WeightNormDense, normalize_kernel
from wn_gan.layers.weight_norm_conv import (
    WeightNormConv2D,
    WeightNormConv2DTranspose,
)

__all__ = [
    "BatchNorm",
    "PReLU",
    "TPReLU",
    "TReLU",
    "WeightNormConv2D",
    "WeightNormConv2DTranspose",
    "WeightNormDense",
    "fan_in_uniform",
    "normalize_kernel",
]

"""Layers of the paper, usable on their own."""

from wn_gan.layers.activations import PReLU, TPReLU, TReLU
from wn_gan.layers.batch_norm import BatchNorm, MeanOnlyBatchNorm
from wn_gan.layers.initializers import fan_in_uniform
from wn_gan.layers.kernel_layers import KernelLayer
from wn_gan.layers.residual import ChannelAffine, ScaledAdd, WeightNormAdd
from wn_gan.layers.spectral_norm import (
    SpectralNorm,
    SpectralNormConv2D,
    SpectralNormConv2DTranspose,
    SpectralNormDense,
)
from wn_gan.layers.weight_norm import (
    WEIGHT_NORM_EPSILON,
    WeightNormConv2D,
    WeightNormConv2DTranspose,
    WeightNormDense,
    normalize_kernel,
)

__all__ = [
    "WEIGHT_NORM_EPSILON",
    "BatchNorm",
    "ChannelAffine",
    "KernelLayer",
    "MeanOnlyBatchNorm",
    "PReLU",
    "ScaledAdd",
    "SpectralNorm",
    "SpectralNormConv2D",
    "SpectralNormConv2DTranspose",
    "SpectralNormDense",
    "TPReLU",
    "TReLU",
    "WeightNormAdd",
    "WeightNormConv2D",
    "WeightNormConv2DTranspose",
    "WeightNormDense",
    "fan_in_uniform",
    "normalize_kernel",
]

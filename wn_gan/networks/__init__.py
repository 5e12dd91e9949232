"""Generators and discriminators."""

from wn_gan.config import NORMS
from wn_gan.networks import dcgan, resnet
from wn_gan.networks.data_init import initialize_from_data
from wn_gan.networks.dcgan import build_discriminator, build_generator
from wn_gan.networks.sizes import level_sizes

__all__ = [
    "NORMS",
    "build_discriminator",
    "build_generator",
    "dcgan",
    "initialize_from_data",
    "level_sizes",
    "resnet",
]

"""Generators and discriminators."""

from wn_gan.networks.dcgan import build_discriminator, build_generator
from wn_gan.networks.normalized import NORMS
from wn_gan.networks.sizes import level_sizes

__all__ = ["NORMS", "build_discriminator", "build_generator", "level_sizes"]

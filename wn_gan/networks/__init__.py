"""Generators and discriminators."""

from wn_gan.networks.dcgan import build_discriminator, build_generator
from wn_gan.networks.normalized import NORMS

__all__ = ["NORMS", "build_discriminator", "build_generator"]

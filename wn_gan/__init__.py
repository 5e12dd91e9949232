"""GANs with batch and weight normalization, measured by reconstruction."""

__version__ = "0.1.0"

"""Asks a TensorFlow Serving server for what an exported generator gives."""

from wn_gan.serving.client import ServingClient

__all__ = ["ServingClient"]

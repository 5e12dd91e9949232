"""Pictures of a trained generator: grids, walks, neighbours, its history."""

from wn_gan.sampling.latent import interpolate, slerp
from wn_gan.sampling.source import Source, open_run, open_saved_model

__all__ = ["Source", "interpolate", "open_run", "open_saved_model", "slerp"]

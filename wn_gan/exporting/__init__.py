"""Generators as SavedModels: folded, with signatures, verified."""

from wn_gan.exporting.served import ServedGenerator, draw_codes
from wn_gan.exporting.verify import verify
from wn_gan.exporting.versions import new_version, versions

__all__ = ["ServedGenerator", "draw_codes", "new_version", "verify", "versions"]

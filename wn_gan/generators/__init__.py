"""A trained generator as a function of z, from a run or a SavedModel."""

from wn_gan import lazy_names

_MODULES = {
    "Generator": "generator",
    "draw_codes": "codes",
    "interpolate": "codes",
    "open_generator": "generator",
    "slerp": "codes",
}
__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)

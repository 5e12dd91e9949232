"""A client of TensorFlow Serving for exported generators."""

from wn_gan import lazy_names

_MODULES = {"ServingClient": "serving_client"}
__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)

"""The GAN: a `keras.Model` with its own training step."""

from wn_gan import lazy_names

_MODULES = {
    "GAN": "model",
    "LOSSES": "losses",
    "LinearWarmUp": "optimizers",
    "Objective": "objective",
    "RMSProp": "optimizers",
    "build_gan": "building",
    "build_generator": "building",
    "build_optimizer": "optimizers",
}
__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)

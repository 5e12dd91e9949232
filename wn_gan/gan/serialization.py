"""Conversion of a GAN's arguments to JSON types, for `.keras` files."""

import dataclasses
from typing import Any

import keras

from wn_gan.gan.objective import Objective

_NETWORKS = ("generator", "discriminator")
_PLAIN = ("update_order", "seed", "d_steps")
_OBJECTIVE = tuple(field.name for field in dataclasses.fields(Objective))


def gan_config(gan: Any) -> dict[str, Any]:
    """Returns the constructor's arguments in JSON types.

    Args:
        gan: a `GAN`.
    """
    serialize = keras.saving.serialize_keras_object
    return {
        **{name: serialize(getattr(gan, name)) for name in _NETWORKS},
        **{name: getattr(gan, name) for name in _PLAIN},
        **dataclasses.asdict(gan.objective),
    }


def gan_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the constructor's arguments from `gan_config`'s result."""
    config = dict(config)
    for name in _NETWORKS:
        config[name] = keras.saving.deserialize_keras_object(config[name])
    weights = {name: config.pop(name) for name in _OBJECTIVE if name in config}
    return config | {"objective": Objective(**weights)}

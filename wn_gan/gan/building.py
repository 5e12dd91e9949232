"""Builds the networks and the GAN of a config."""

from collections.abc import Sequence
from typing import Any

import keras

from wn_gan import networks
from wn_gan.config import Config
from wn_gan.errors import bad_flag
from wn_gan.gan.model import GAN
from wn_gan.gan.objective import Objective
from wn_gan.gan.optimizers import build_optimizer


def check_sizes(config: Config, image_shape: Sequence[int]) -> None:
    """Raises `UserError` if the networks halve the image too often.

    Args:
        config: config of the run.
        image_shape: height, width and channels.
    """
    if config.architecture == "dcgan":
        flag, levels = "levels", config.levels
        value: Any = levels
    else:
        flag, levels = "features", len(config.level_features)
        value = ",".join(map(str, config.level_features))
    for name, size in zip(("height", "width"), image_shape, strict=False):
        if size % 2:
            raise bad_flag(f"image_{name}", size, "must be even")
    try:
        networks.level_sizes(*image_shape[:2], levels)
    except ValueError as error:
        raise bad_flag(flag, value, str(error)) from error


def build_generator(config: Config, image_shape: Sequence[int]) -> keras.Model:
    """Builds the generator of a config.

    Args:
        config: config of the run.
        image_shape: height, width and channels.

    Raises:
        UserError: if the networks halve the image too often.
    """
    architecture, common = _architecture(config, image_shape)
    return architecture.build_generator(
        config.generator_norm, code_size=config.code_size, **common
    )


def build_discriminator(
    config: Config, image_shape: Sequence[int]
) -> keras.Model:
    """Builds the discriminator of a config; see `build_generator`."""
    architecture, common = _architecture(config, image_shape)
    return architecture.build_discriminator(config.discriminator_norm, **common)


def _architecture(config: Config, image_shape: Sequence[int]) -> tuple:
    """Returns the networks' module and the arguments of its builders."""
    check_sizes(config, image_shape)
    height, width, channels = image_shape
    common = dict(
        height=height,
        width=width,
        channels=channels,
        dtype=config.dtype_policy,
        sync_batch_norm=config.sync_batch_norm,
    )
    if config.architecture == "dcgan":
        (features,) = config.level_features
        sizes = {"features": features, "levels": config.levels}
        return networks.dcgan, common | sizes
    sizes = {"features": config.level_features, "blocks": config.level_blocks}
    return networks.resnet, common | sizes


def build_gan(config: Config, image_shape: Sequence[int]) -> GAN:
    """Builds the GAN of a config, initialized by its seed and compiled.

    Args:
        config: config of the run.
        image_shape: height, width and channels.

    Raises:
        UserError: if the networks halve the image too often.
    """
    keras.utils.set_random_seed(config.seed)
    gan = GAN(
        build_generator(config, image_shape),
        build_discriminator(config, image_shape),
        Objective(
            config.loss,
            config.r1_penalty,
            config.gradient_penalty,
            config.instance_noise,
        ),
        update_order=config.update_order,
        seed=config.seed,
        d_steps=config.d_steps,
    )
    gan.compile(
        build_optimizer(
            config.optimizer,
            config.g_learning_rate,
            config.warmup_steps,
            config.g_ema_decay,
        ),
        build_optimizer(
            config.optimizer,
            config.d_learning_rate,
            config.warmup_steps * config.d_steps,
        ),
        jit_compile=config.jit_compile == "true",
        steps_per_execution=config.steps_per_execution or 1,
    )
    return gan

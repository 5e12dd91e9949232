"""From a config to its networks and to the GAN that trains them."""

from collections.abc import Sequence

import keras

from wn_gan import layers, networks
from wn_gan.config import Config
from wn_gan.errors import bad_flag
from wn_gan.model import GAN
from wn_gan.optimizers import build_optimizer


def check_sizes(config: Config, image_shape: Sequence[int]) -> None:
    """Raises `UserError` if the networks halve the image too often.

    Args:
        config: of the run.
        image_shape: height, width and channels.
    """
    if config.architecture == "dcgan":
        flag, levels = "levels", config.levels
    else:
        flag, levels = "features", len(config.feature_list)
    try:
        networks.level_sizes(*image_shape[:2], levels)
    except ValueError as error:
        raise bad_flag(flag, getattr(config, flag), str(error)) from error


def build_networks(
    config: Config, image_shape: Sequence[int]
) -> tuple[keras.Model, keras.Model]:
    """The generator and the discriminator of a config.

    Args:
        config: of the run.
        image_shape: height, width and channels.

    Raises:
        UserError: if the image cannot be halved so often.
    """
    check_sizes(config, image_shape)
    height, width, channels = image_shape
    common = dict(
        height=height, width=width, channels=channels, dtype=config.precision
    )
    if config.architecture == "dcgan":
        architecture = networks.dcgan
        common |= {
            "features": config.feature_list[0],
            "levels": config.levels,
        }
    else:
        architecture = networks.resnet
        common |= {
            "features": config.feature_list,
            "blocks": config.block_list,
        }
    generator = architecture.build_generator(
        config.generator_norm, code_size=config.code_size, **common
    )
    discriminator = architecture.build_discriminator(
        config.discriminator_norm, **common
    )
    for layer in (*generator.layers, *discriminator.layers):
        if isinstance(layer, layers.BatchNorm):
            layer.synchronized = config.sync_batch_norm
    return generator, discriminator


def build_gan(config: Config, image_shape: Sequence[int]) -> GAN:
    """The GAN of a config, initialized by its seed and compiled.

    Args:
        config: of the run.
        image_shape: height, width and channels.

    Raises:
        UserError: if the image cannot be halved so often.
    """
    keras.utils.set_random_seed(config.seed)
    gan = GAN(
        *build_networks(config, image_shape),
        loss=config.loss,
        update_order=config.update_order,
        seed=config.seed,
        d_steps=config.d_steps,
        r1_penalty=config.r1_penalty,
        gradient_penalty=config.gradient_penalty,
        instance_noise=config.instance_noise,
    )
    gan.compile(
        build_optimizer(
            config.optimizer,
            config.g_learning_rate,
            config.warmup_steps,
            config.g_ema_decay,
        ),
        build_optimizer(
            config.optimizer, config.d_learning_rate, config.warmup_steps
        ),
        jit_compile=config.jit_compile,
        steps_per_execution=config.steps_per_execution,
    )
    return gan

"""The paper's DCGAN, with any normalization.

Level 0 is next to the image. The generator goes from the highest level to
level 0, the discriminator from level 0 to the highest.
"""

from typing import Any

import keras

from wn_gan.config import DCGAN_FEATURES
from wn_gan.networks.normalized import NormalizedLayers
from wn_gan.networks.sizes import extra_padding, level_sizes

KERNEL = (4, 4)


def build_generator(
    norm: str,
    height: int,
    width: int,
    channels: int = 3,
    code_size: int = 128,
    features: int = DCGAN_FEATURES[0],
    levels: int | None = None,
    dtype: str = "float32",
    sync_batch_norm: bool = False,
) -> keras.Model:
    """Builds the generator: z `[batch, code_size]` -> images in (0, 1).

    Args:
        norm: one of `config.NORMS`.
        height: image height, even, in pixels.
        width: image width, even, in pixels.
        channels: 1 or 3.
        code_size: length of the latent code.
        features: channels of level 0's input; doubled at each higher level.
        levels: number of doublings of the size; default: the paper's rule.
        dtype: Keras dtype policy of the layers.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Returns:
        A functional model named "generator" with output
        `[batch, height, width, channels]`, float32 (float64 for float64).

    Raises:
        ValueError: for an unknown norm or a size that cannot be halved.
    """
    make = NormalizedLayers(norm, dtype, sync_batch_norm=sync_batch_norm)
    sizes = level_sizes(height, width, levels)
    top = len(sizes) - 1
    top_features = features * 2 ** (top - 1)
    z = make.code_input(code_size)
    x = make.first_image(z, (*sizes[top], top_features))
    x = make.activate(x, "initial")
    for level in range(top - 1, 0, -1):
        x = _double(make, x, features * 2 ** (level - 1), sizes, level)
        x = make.activate(x, f"level_{level}")
    x = _double(make, x, channels, sizes, 0)
    return keras.Model(z, make.images(x), name="generator")


def build_discriminator(
    norm: str,
    height: int,
    width: int,
    channels: int = 3,
    features: int = DCGAN_FEATURES[0],
    levels: int | None = None,
    dtype: str = "float32",
    sync_batch_norm: bool = False,
) -> keras.Model:
    """Builds the discriminator: images in [0, 1] -> logits `[batch, 1]`.

    Args:
        norm: one of `config.NORMS`.
        height: image height, even, in pixels.
        width: image width, even, in pixels.
        channels: 1 or 3.
        features: channels of level 0's output; doubled at each higher level.
        levels: number of halvings of the size; default: the paper's rule.
        dtype: Keras dtype policy of the layers.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Returns:
        A functional model named "discriminator" with output float32
        (float64 for float64): the log-odds that an image is real.

    Raises:
        ValueError: for an unknown norm or a size that cannot be halved.
    """
    make = NormalizedLayers(norm, dtype, sync_batch_norm=sync_batch_norm)
    sizes = level_sizes(height, width, levels)
    top = len(sizes) - 1
    images = x = make.image_input(height, width, channels)
    for level in range(top):
        x = _halve(make, x, features * 2**level, sizes, level)
        x = make.activate(x, f"level_{level}", normalize=level > 0)
    return keras.Model(images, make.logits(x), name="discriminator")


def _halve(
    make: NormalizedLayers, x: Any, filters: int, sizes: Any, level: int
) -> Any:
    """Strided convolution with padding 1, or 2 on axes that need it."""
    extra = extra_padding(sizes[level], level == len(sizes) - 2)
    padding = "same"
    if any(extra):
        padding = "valid"
        x = keras.layers.ZeroPadding2D(
            tuple(1 + e for e in extra),
            name=f"level_{level}_padding",
            dtype=make.dtype,
        )(x)
    name = f"level_{level}_conv"
    return make.conv(x, filters, KERNEL, name, strides=2, padding=padding)


def _double(
    make: NormalizedLayers, x: Any, filters: int, sizes: Any, level: int
) -> Any:
    """Mirror image of `_halve`: crops the pixels that `_halve` pads."""
    extra = extra_padding(sizes[level], level == len(sizes) - 2)
    x = make.conv(
        x,
        filters,
        KERNEL,
        name=f"level_{level}_conv",
        strides=2,
        padding="valid" if any(extra) else "same",
        transposed=True,
        affine=level == 0,
    )
    if not any(extra):
        return x
    return keras.layers.Cropping2D(
        tuple(1 + e for e in extra),
        name=f"level_{level}_cropping",
        dtype=make.dtype,
    )(x)

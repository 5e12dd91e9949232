"""The paper's residual networks, with any normalization.

Levels are numbered as in `dcgan`: level 0 is next to the image. One block per
level changes the image size. Five levels of two blocks give the paper's 21
layers (5 * 2 * 2 + 1).
"""

from collections.abc import Sequence
from typing import Any

import keras

from wn_gan import layers
from wn_gan.config import RESNET21_BLOCKS, RESNET_FEATURES
from wn_gan.networks.normalized import NormalizedLayers
from wn_gan.networks.sizes import extra_padding, level_sizes

# Weight norm as in the authors' later code: 1e-8 is added to the root.
RECIPE = {"epsilon": 1e-8, "epsilon_outside": True}


def build_generator(
    norm: str,
    height: int,
    width: int,
    channels: int = 3,
    code_size: int = 128,
    features: Sequence[int] = RESNET_FEATURES,
    blocks: Sequence[int] = (RESNET21_BLOCKS,) * len(RESNET_FEATURES),
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
        features: channels per level, level 0 first.
        blocks: residual blocks per level, level 0 first.
        dtype: Keras dtype policy of the layers.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Returns:
        A functional model named "generator" with output
        `[batch, height, width, channels]`, float32 (float64 for float64).

    Raises:
        ValueError: for an unknown norm or a size that cannot be halved.
    """
    make = NormalizedLayers(
        norm, dtype, sync_batch_norm=sync_batch_norm, **RECIPE
    )
    sizes = level_sizes(height, width, len(features))
    z = make.code_input(code_size)
    x = make.first_image(z, (*sizes[-1], features[-1]), affine=True)
    x = make.normalize(x, "initial")
    x = make.rectify(x, "initial", translated=False)
    outputs = (channels, *features)
    for level in reversed(range(len(features))):
        extra = extra_padding(sizes[level], level == len(features) - 1)
        for block in range(blocks[level] - 1):
            name = f"level_{level}_block_{block}"
            x = _block_up(make, x, features[level], None, name)
        name = f"level_{level}_block_{blocks[level] - 1}"
        x = _block_up(make, x, outputs[level], extra, name, last=level == 0)
    return keras.Model(z, make.images(x), name="generator")


def build_discriminator(
    norm: str,
    height: int,
    width: int,
    channels: int = 3,
    features: Sequence[int] = RESNET_FEATURES,
    blocks: Sequence[int] = (RESNET21_BLOCKS,) * len(RESNET_FEATURES),
    dtype: str = "float32",
    sync_batch_norm: bool = False,
) -> keras.Model:
    """Builds the discriminator: images in [0, 1] -> logits `[batch, 1]`.

    Its first layer scales the images to [-1, 1].

    Args:
        norm: one of `config.NORMS`.
        height: image height, even, in pixels.
        width: image width, even, in pixels.
        channels: 1 or 3.
        features: channels per level, level 0 first.
        blocks: residual blocks per level, level 0 first.
        dtype: Keras dtype policy of the layers.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Returns:
        A functional model named "discriminator" with output float32
        (float64 for float64): the log-odds that an image is real.

    Raises:
        ValueError: for an unknown norm or a size that cannot be halved.
    """
    make = NormalizedLayers(
        norm, dtype, sync_batch_norm=sync_batch_norm, **RECIPE
    )
    sizes = level_sizes(height, width, len(features))
    images = make.image_input(height, width, channels)
    x = keras.layers.Rescaling(2.0, -1.0, name="rescaling", dtype=dtype)(images)
    for level, filters in enumerate(features):
        extra = extra_padding(sizes[level], level == len(features) - 1)
        for block in range(blocks[level]):
            name = f"level_{level}_block_{block}"
            halving = extra if block == 0 else None
            first = level == block == 0
            x = _block_down(make, x, filters, halving, name, first)
    return keras.Model(images, make.logits(x), name="discriminator")


def _block_down(
    make: NormalizedLayers,
    x: Any,
    filters: int,
    extra: tuple[int, int] | None,
    name: str,
    first: bool,
) -> Any:
    """A residual block of the discriminator.

    Args:
        make: the normalization's layers.
        x: `[batch, height, width, channels]`.
        filters: channels of the result.
        extra: from `extra_padding` if the block halves the size, else None.
        name: start of the layers' names.
        first: whether this is the network's first block, which omits the
            first normalization.
    """
    stem = f"{name}_residue_1"
    if extra is None:
        residue = make.conv(x, filters, (3, 3), f"{stem}_conv")
    else:
        padding = "valid" if any(extra) else "same"
        padded = _padded(make, x, [1 + e for e in extra], stem, any(extra))
        residue = make.conv(padded, filters, (4, 4), f"{stem}_conv", 2, padding)
        x = _padded(make, x, extra, f"{name}_shortcut", any(extra))
        x = keras.layers.AveragePooling2D(
            2, name=f"{name}_shortcut_pool", dtype=make.dtype
        )(x)
    residue = make.activate(residue, stem, normalize=not first)
    stem = f"{name}_residue_2"
    residue = make.conv(residue, filters, (3, 3), f"{stem}_conv")
    residue = make.normalize(residue, stem)
    x = _matched(make, x, filters, name)
    return make.rectify(make.add(residue, x, f"{name}_add"), f"{name}_post")


def _block_up(
    make: NormalizedLayers,
    x: Any,
    filters: int,
    extra: tuple[int, int] | None,
    name: str,
    last: bool = False,
) -> Any:
    """A residual block of the generator; see `_block_down`.

    The last block omits the final normalization and rectifier.
    """
    stem = f"{name}_residue_1"
    residue = make.conv(x, x.shape[-1], (3, 3), f"{stem}_conv")
    residue = make.activate(residue, stem)
    stem = f"{name}_residue_2"
    shortcut = _matched(make, x, filters, name)
    if extra is None:
        residue = make.conv(residue, filters, (3, 3), f"{stem}_conv")
    else:
        padding = "valid" if any(extra) else "same"
        residue = make.conv(
            residue, filters, (4, 4), f"{stem}_conv", 2, padding, True
        )
        residue = _cropped(make, residue, [1 + e for e in extra], stem, extra)
        shortcut = keras.layers.UpSampling2D(
            2, name=f"{name}_shortcut_double", dtype=make.dtype
        )(shortcut)
        stem_of_shortcut = f"{name}_shortcut"
        shortcut = _cropped(make, shortcut, extra, stem_of_shortcut, extra)
    if not last:
        residue = make.normalize(residue, stem)
    x = make.add(residue, shortcut, f"{name}_add")
    if not last:
        return make.rectify(x, f"{name}_post")
    if not make.strict:
        return x
    return layers.ChannelAffine(name=f"{name}_post_affine", dtype=make.dtype)(x)


def _matched(make: NormalizedLayers, x: Any, filters: int, name: str) -> Any:
    """Returns the shortcut; a 1x1 convolution adapts its channels."""
    if x.shape[-1] == filters:
        return x
    return make.conv(x, filters, (1, 1), f"{name}_shortcut_conv")


def _padded(make, x, pixels, stem, wanted) -> Any:
    if not wanted:
        return x
    return keras.layers.ZeroPadding2D(
        tuple(pixels), name=f"{stem}_padding", dtype=make.dtype
    )(x)


def _cropped(make, x, pixels, stem, extra) -> Any:
    if not any(extra):
        return x
    return keras.layers.Cropping2D(
        tuple(pixels), name=f"{stem}_cropping", dtype=make.dtype
    )(x)

"""How much memory a training step needs, before anything is built."""

import os
from collections.abc import Sequence

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.errors import bad_flag
from wn_gan.networks import level_sizes

_BYTES = {"float64": 8}
# TensorFlow with its threads and a small data set.
_BASE_BYTES = 500 * 2**20
# Of each activation of one image: both networks, real images and fakes,
# outputs before and after the rectifier, and their gradients.
_COPIES = 12
# Of each parameter: the weight, its gradient and an optimizer's slots.
_PARAMETER_COPIES = 4
_DCGAN_KERNEL, _RESNET_KERNELS = 16, 16 + 9


def estimated_bytes(
    config: Config, image_shape: Sequence[int], num_workers: int = 1
) -> int:
    """Estimates the memory of a training step, without the data's.

    The estimate is within a factor of two of what runs on a CPU were measured
    to need (`tests/test_defaults.py`).

    Args:
        config: of the run.
        image_shape: height, width and channels.
        num_workers: machines that share a batch; the estimate is of one.
    """
    parameters, activations = _sizes(config, image_shape)
    size = _BYTES.get(config.precision, 4)
    weights = _PARAMETER_COPIES * size * 2 * parameters
    share = -(-config.batch_size // num_workers)
    images = _COPIES * size * activations * share
    return _BASE_BYTES + weights + images


def check_memory(
    config: Config, image_shape: Sequence[int], num_workers: int = 1
) -> None:
    """Refuses networks and batches that this machine cannot hold.

    With a GPU nothing is refused: its memory is not the machine's.

    Args:
        config: of the run.
        image_shape: height, width and channels.
        num_workers: machines that share a batch.

    Raises:
        UserError: naming the batch, or the size of the networks.
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    wanted = estimated_bytes(config, image_shape, num_workers)
    if wanted <= there or tf.config.list_physical_devices("GPU"):
        return
    flag, value = _at_fault(config, image_shape, there)
    raise bad_flag(
        flag,
        value,
        f"a step on images of {image_shape[1]}x{image_shape[0]} would need "
        f"about {wanted / 2**30:,.0f} GiB, and this machine has "
        f"{there / 2**30:,.0f}: take less, or smaller images",
    )


def _at_fault(
    config: Config, image_shape: Sequence[int], there: int
) -> tuple[str, int | str]:
    """The batch if a smaller one would do; else the networks."""
    parameters, activations = _sizes(config, image_shape)
    one = _BASE_BYTES + 4 * (
        _PARAMETER_COPIES * 2 * parameters + _COPIES * activations
    )
    if one <= there:
        return "batch_size", config.batch_size
    return "features", ",".join(map(str, config.level_features))


def _sizes(config: Config, image_shape: Sequence[int]) -> tuple[int, int]:
    """Parameters of one network, and activations of one image in it."""
    height, width, channels = image_shape
    dcgan = config.architecture == "dcgan"
    levels = config.levels if dcgan else len(config.level_features)
    sizes = level_sizes(height, width, levels)
    features = config.level_features
    if dcgan:
        features = [features[0] * 2**i for i in range(len(sizes) - 1)]
    blocks = [1] * len(features) if dcgan else config.level_blocks
    kernel = _DCGAN_KERNEL if dcgan else _RESNET_KERNELS
    parameters, activations = 0, height * width * channels
    before = channels
    for (rows, columns), own, count in zip(
        sizes[1:], features, blocks, strict=True
    ):
        parameters += kernel * own * (before + own * (count - 1))
        # A residual block keeps the larger size inside.
        activations += rows * columns * own * (1 if dcgan else 5 * count)
        before = own
    parameters += before * sizes[-1][0] * sizes[-1][1] * config.code_size
    return parameters, activations

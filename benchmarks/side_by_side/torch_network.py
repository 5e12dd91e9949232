"""Builds a network plan in PyTorch."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

# From Keras' layouts to PyTorch's.
_LAYOUTS = {
    "Dense": (1, 0),
    "Conv2D": (3, 2, 0, 1),  # HWIO to OIHW
    "Conv2DTranspose": (3, 2, 0, 1),  # HWOI to IOHW
}


class Linear(nn.Module):
    """A linear layer, plain or weight-normalized.

    Args:
        kind: "Dense", "Conv2D" or "Conv2DTranspose".
        entry: of the plan.
        weights: of the layer, in Keras' layouts.
    """

    def __init__(self, kind: str, entry: dict, weights: dict):
        super().__init__()
        arguments = entry["arguments"]
        self.kind, self.normalized = kind, "WeightNorm" in entry["kind"]
        kernel = np.transpose(weights["kernel"], _LAYOUTS[kind])
        self.kernel = nn.Parameter(torch.tensor(kernel.copy()))
        for name in ("gain", "bias"):
            value = weights.get(name)
            value = value if value is None else torch.tensor(value)
            self.register_parameter(
                name, value if value is None else nn.Parameter(value)
            )
        stride = arguments.get("strides", 1)
        self.stride = stride if isinstance(stride, int) else stride[0]
        self.padding = 0
        if arguments.get("padding") == "same":
            self.padding = (kernel.shape[-1] - self.stride + 1) // 2
        self.channel = 1 if kind == "Conv2DTranspose" else 0
        self.axes = [a for a in range(kernel.ndim) if a != self.channel]
        self.shape = [
            -1 if a == self.channel else 1 for a in range(kernel.ndim)
        ]
        self.overlap = self.stride**2 if kind == "Conv2DTranspose" else 1
        self.epsilon = arguments.get("epsilon")
        self.outside = arguments.get("epsilon_outside")

    def applied_kernel(self):
        """Returns the kernel with its norm and gain."""
        if not self.normalized:
            return self.kernel
        squared = self.kernel.square().sum(self.axes, keepdim=True)
        squared = squared / self.overlap
        if self.outside:
            kernel = self.kernel / (squared.sqrt() + self.epsilon)
        else:
            kernel = self.kernel / (squared + self.epsilon).sqrt()
        return (
            kernel if self.gain is None else kernel * self.gain.view(self.shape)
        )

    def forward(self, x):
        """Applies the layer."""
        kernel = self.applied_kernel()
        if self.kind == "Dense":
            return functional.linear(x, kernel, self.bias)
        apply = {
            "Conv2D": functional.conv2d,
            "Conv2DTranspose": functional.conv_transpose2d,
        }[self.kind]
        return apply(
            x, kernel, self.bias, stride=self.stride, padding=self.padding
        )


class TPReLU(nn.Module):
    """`max(x, s x + (1 - s) a)`: the quickest of the forms tried."""

    def __init__(self, slope: np.ndarray, threshold: np.ndarray):
        super().__init__()
        shape = (-1, 1, 1)
        self.slope = nn.Parameter(torch.tensor(slope).view(shape))
        self.threshold = nn.Parameter(torch.tensor(threshold).view(shape))

    def forward(self, x):
        """Applies the layer."""
        slope = self.slope.clamp(0, 1)
        return torch.maximum(x, slope * x + (1 - slope) * self.threshold)


class WeightNormAdd(nn.Module):
    """Weight-normalized sum of a residue and a shortcut."""

    def __init__(
        self, residue: np.ndarray, shortcut: np.ndarray, epsilon: float
    ):
        super().__init__()
        self.residue = nn.Parameter(torch.tensor(residue).view(-1, 1, 1))
        self.shortcut = nn.Parameter(torch.tensor(shortcut).view(-1, 1, 1))
        self.epsilon = epsilon

    def forward(self, r, s):
        """Applies the layer."""
        squared = self.residue**2 + self.shortcut**2
        norm = squared.sqrt() + self.epsilon
        return self.residue / norm * r + self.shortcut / norm * s


class Affine(nn.Module):
    """Gain and bias, per channel or fixed."""

    def __init__(self, gain: nn.Parameter | float, bias: nn.Parameter | float):
        super().__init__()
        self.gain, self.bias = gain, bias

    def forward(self, x):
        """Applies the layer."""
        return self.gain * x + self.bias


class Network(nn.Module):
    """A network plan.

    Args:
        path: file written by `network_plan.save_plan`.
    """

    def __init__(self, path: Path):
        super().__init__()
        found = np.load(path)
        self.plan = json.loads(str(found["plan"]))
        layers = {}
        for entry in self.plan:
            prefix = entry["name"] + "/"
            weights = {
                key.removeprefix(prefix): found[key]
                for key in found.files
                if key.startswith(prefix)
            }
            layers[entry["name"]] = _layer(entry, weights)
        _reorder_first_image(self.plan, layers)
        self.layers = nn.ModuleDict(layers)

    def forward(self, x):
        """Applies the layer."""
        values = {None: x}
        for entry in self.plan:
            inputs = [values[name] for name in entry["inputs"]]
            x = values[entry["name"]] = self.layers[entry["name"]](*inputs)
        return x


def _reorder_first_image(plan: list[dict], layers: dict) -> None:
    """Makes the generator's first layer write channels first."""
    for entry in plan:
        shape = entry["arguments"].get("target_shape")
        if entry["kind"] == "Reshape" and len(shape) == 3:
            before = layers[entry["inputs"][0]]
            order = np.arange(np.prod(shape)).reshape(shape)
            order = torch.tensor(order.transpose(2, 0, 1).ravel().copy())
            for name in ("kernel", "gain", "bias"):
                value = getattr(before, name)
                if value is not None:
                    value.data = value.data[order]


def _layer(entry: dict, weights: dict) -> nn.Module:
    kind, arguments = entry["kind"], entry["arguments"]
    linear = kind.removeprefix("WeightNorm")
    if linear in _LAYOUTS:
        return Linear(linear, entry, weights)
    if kind == "PReLU":
        layer = nn.PReLU(len(weights["slope"]))
        layer.weight.data = torch.tensor(weights["slope"])
        return layer
    if kind == "TPReLU":
        return TPReLU(weights["slope"], weights["threshold"])
    if kind == "BatchNorm":
        return nn.BatchNorm2d(
            len(weights["gamma"]),
            arguments["epsilon"],
            momentum=1 - arguments["momentum"],
        )
    if kind == "WeightNormAdd":
        return WeightNormAdd(
            weights["residue_weight"],
            weights["shortcut_weight"],
            arguments["epsilon"],
        )
    if kind == "ChannelAffine":
        gain, bias = (
            nn.Parameter(torch.tensor(weights[name]).view(-1, 1, 1))
            for name in ("gain", "bias")
        )
        return Affine(gain, bias)
    return _without_weights(kind, arguments)


def _without_weights(kind: str, arguments: dict) -> nn.Module:
    if kind == "Rescaling":
        return Affine(arguments["scale"], arguments["offset"])
    if kind == "Reshape":
        shape = arguments["target_shape"]
        first = [shape[-1], *shape[:-1]] if len(shape) == 3 else shape
        return nn.Unflatten(1, first) if len(shape) == 3 else nn.Flatten()
    if kind == "Activation":
        sigmoid = arguments["activation"] == "sigmoid"
        return nn.Sigmoid() if sigmoid else nn.Identity()
    if kind == "AveragePooling2D":
        return nn.AvgPool2d(2)
    if kind == "UpSampling2D":
        return nn.UpsamplingNearest2d(scale_factor=2)
    if kind == "Add":
        return Sum()
    raise ValueError(f"{kind}: no twin in PyTorch")


class Sum(nn.Module):
    """Adds two tensors."""

    def forward(self, a, b):
        """Applies the layer."""
        return a + b

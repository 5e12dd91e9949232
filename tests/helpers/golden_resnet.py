"""How the residual networks' golden names and layouts map to ours.

The authors' generator uses transposed convolutions throughout; at stride 1
they are convolutions with the kernel turned by 180 degrees, as ours are.
"""

from collections.abc import Mapping

import keras
import numpy as np

from helpers import golden_layouts as layouts
from wn_gan import layers
from wn_gan.networks import resnet
from wn_gan.networks.normalized import NormalizedLayers

# <module> -> <our layer's name after its block's>.
MODULES = {
    "residue.conv_1": "_residue_1_conv",
    "residue.tprelu": "_residue_1_tprelu",
    "residue.conv_2": "_residue_2_conv",
    "shortcut.conv": "_shortcut_conv",
    "add": "_add",
    "post": "_post_tprelu",
}
WHOLE = {
    "initial_fc": "initial_linear",
    "initial_prelu": "initial_prelu",
    "final": "final_conv",
}


def our_layer_name(module: str, has_scale: bool) -> str:
    """Our name of `net.level_1_block_0.residue.conv_1` or `final`."""
    if module in WHOLE:
        return WHOLE[module]
    block, _, inner = module.removeprefix("net.").partition(".")
    if inner == "post" and has_scale:
        return f"{block}_post_affine"
    return block + MODULES[inner]


def our_state(network: keras.Model, state: Mapping) -> dict[str, tuple]:
    """`<module>.<parameter>` -> (our variable, the authors' values)."""
    pairs = {}
    for name, values in state.items():
        module, parameter = name.rsplit(".", 1)
        has_scale = f"{module}.scale" in state
        layer = network.get_layer(our_layer_name(module, has_scale))
        if isinstance(layer, layers.WeightNormAdd):
            pairs[f"{name}[0]"] = (layer.residue_weight, values[0])
            pairs[f"{name}[1]"] = (layer.shortcut_weight, values[1])
            continue
        if layer.name == "initial_linear":
            start = network.get_layer("initial_reshape").output.shape[1:]
            values = layouts.channels_last_rows(values, start)
        weight = our_weight_name(layer, parameter)
        if weight == "kernel":
            values = our_kernel(layer, values, network.name)
        pairs[name] = (
            getattr(layer, weight),
            values.reshape(-1) if weight != "kernel" else values,
        )
    return pairs


def joined(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The two weights of an addition as the one tensor that the file has.

    Apart they could not be compared: at (0, 1), where an addition starts, the
    second one's gradient is zero in exact arithmetic.
    """
    found = {}
    for name, values in tensors.items():
        whole = name.removesuffix("[0]").removesuffix("[1]")
        found.setdefault(whole, []).append(np.asarray(values))
    return {
        name: np.stack(parts) if len(parts) > 1 else parts[0]
        for name, parts in found.items()
    }


def our_weight_name(layer: keras.layers.Layer, parameter: str) -> str:
    """Name of our weight for a parameter of the authors' module."""
    if isinstance(layer, layers.PReLU | layers.TPReLU):
        return layouts.RECTIFIER[parameter]
    return layouts.LINEAR[parameter]


def our_kernel(
    layer: keras.layers.Layer, values: np.ndarray, network: str
) -> np.ndarray:
    """A kernel in our layout; see the module."""
    plain = isinstance(layer, layers.WeightNormConv2D)
    if plain and network == "generator":
        return values.transpose(2, 3, 0, 1)[::-1, ::-1]
    return layouts.our_weight(values, "kernel")


def module_like(name: str, entry: Mapping) -> keras.Model:
    """Our model for a golden layer of the residual networks.

    It is named "generator" where the authors' kernels are transposed ones.
    """
    x = layouts.images_from_nchw(entry["x"])
    dtype = str(x.dtype)
    make = NormalizedLayers("weight", dtype, **resnet.RECIPE)
    inputs = keras.Input(x.shape[1:], dtype=dtype)
    filters = entry["y"].shape[1]
    network = "generator"
    if name == "addition":
        branches = [inputs[..., :filters], inputs[..., filters:]]
        outputs = make.add(*branches, f"{name}_add")
    elif name == "affine":
        outputs = layers.ChannelAffine(name=f"{name}_post_affine", dtype=dtype)(
            inputs
        )
    elif name in ("block_up", "block_up_last"):
        last = name.endswith("last")
        outputs = resnet._block_up(make, inputs, filters, (0, 0), name, last)
    else:
        network = "discriminator"
        extra = (0, 0) if name == "block_down" else None
        outputs = resnet._block_down(
            make, inputs, filters, extra, name, first=False
        )
    return keras.Model(inputs, outputs, name=network)


def module_state(name: str, model: keras.Model, values: Mapping) -> dict:
    """`our_state` of a single module's parameters or gradients."""
    if name == "affine":
        values = {f"post.{key}": value for key, value in values.items()}
    return our_state(
        model, {f"net.{name}.{key}": value for key, value in values.items()}
    )


NAMES = (
    "addition",
    "affine",
    "block_down",
    "block_same",
    "block_up",
    "block_up_last",
)


def build_networks(golden: Mapping, norm: str) -> tuple:
    """Our generator and discriminator of the file's sizes."""
    common = dict(
        norm=norm,
        height=int(golden["meta/height"]),
        width=int(golden["meta/width"]),
        channels=golden[f"net/{norm}/x"].shape[1],
        features=[int(f) for f in golden["meta/features"]],
        blocks=[int(b) for b in golden["meta/blocks"]],
        dtype=str(golden[f"net/{norm}/x"].dtype),
    )
    code_size = int(golden["meta/code_size"])
    return (
        resnet.build_generator(code_size=code_size, **common),
        resnet.build_discriminator(**common),
    )

"""Writes a Keras network as a plan that another framework can build."""

import json
from pathlib import Path

import keras
import numpy as np

_ARGUMENTS = (
    "strides",
    "padding",
    "activation",
    "affine",
    "epsilon",
    "epsilon_outside",
    "target_shape",
    "scale",
    "offset",
    "cropping",
    "momentum",
)


def save_plan(network: keras.Model, path: Path) -> None:
    """Writes the layers in their order, with arguments and weights.

    Args:
        network: a functional model with one input and one output.
        path: an NPZ file. `plan` is JSON: for each layer its kind, its name,
            the names of the layers before it, and its arguments; weights are
            `<layer>/<weight>`.
    """
    made_by = {
        id(layer.output): layer.name
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer)
    }
    plan, weights = [], {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        config = layer.get_config()
        arguments = {k: config[k] for k in _ARGUMENTS if k in config}
        plan.append(
            {
                "kind": type(layer).__name__,
                "name": layer.name,
                "inputs": [made_by.get(id(each)) for each in inputs],
                "arguments": arguments,
            }
        )
        for name in ("kernel", "bias", "gain", "gamma", "beta", "slope"):
            _add(weights, layer, name)
        for name in ("threshold", "residue_weight", "shortcut_weight"):
            _add(weights, layer, name)
    np.savez(path, plan=json.dumps(plan), **weights)


def _add(weights: dict, layer: keras.layers.Layer, name: str) -> None:
    value = getattr(layer, name, None)
    if value is not None:
        weights[f"{layer.name}/{name}"] = np.asarray(value)

"""Compares this package with numbers that the authors' own modules gave.

The command is `python tests/golden_check.py FILE.npz`. The files hold results
on random weights moved off their initial values; errors are by norm over a
tensor, |ours - theirs| / |theirs|.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from helpers import golden_layouts as layouts
from helpers import golden_resnet
from wn_gan import layers, networks
from wn_gan.gan.model import GAN
from wn_gan.gan.optimizers import RMSProp
from wn_gan.networks import resnet
from wn_gan.reconstruction import search_codes

# Some ten thousand roundings of 1e-16 each, in a file of float64.
TOLERANCE = 1e-12
# A few hundred roundings of 6e-8 each, in a forward pass in float32.
FLOAT32_TOLERANCE = 1e-5
# Gradients in float32 are sums over every position, and RMSProp divides by a
# root that starts near zero: both amplify rounding by about ten.
FLOAT32_ITERATED_TOLERANCE = 1e-4
_ITERATED = ("layer gradients", "reconstruction", "training")


class Comparison(NamedTuple):
    """One tensor compared with the authors'."""

    part: str
    tensor: str
    error: float
    tolerance: float


def dtype_of(golden: Mapping) -> str:
    """The file's own precision: "float64" or "float32"."""
    first = next(k for k in golden if not k.startswith("meta/"))
    return str(golden[first].dtype)


def compare(part, tensor, ours, theirs) -> Comparison:
    """The relative error by norm; infinite where shapes differ."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    tolerance = TOLERANCE
    if theirs.dtype == np.float32:
        iterated = part in _ITERATED
        tolerance = (
            FLOAT32_ITERATED_TOLERANCE if iterated else FLOAT32_TOLERANCE
        )
    if ours.shape != theirs.shape:
        return Comparison(part, tensor, np.inf, tolerance)
    scale = np.linalg.norm(theirs)
    error = np.linalg.norm(ours - theirs) / (scale if scale else 1.0)
    error = error if np.isfinite(error) else np.inf
    return Comparison(part, tensor, float(error), tolerance)


def section(golden: Mapping, prefix: str) -> dict[str, np.ndarray]:
    """The entries under a prefix, by the rest of their names."""
    return {
        name.removeprefix(prefix): golden[name]
        for name in golden
        if name.startswith(prefix)
    }


# Single layers ------------------------------------------------------------


def layer_like(
    name: str, parameters: Mapping, recipe: Mapping
) -> list[keras.layers.Layer]:
    """Our layers for a golden layer's name, e.g. `convT_k4s2p21_strict`.

    The digits after `p` are the padding, one for both axes or one each.

    Args:
        name: of the golden layer.
        parameters: its weights.
        recipe: arguments of weight norm.
    """
    if name.startswith("tprelu"):
        dtype = str(parameters["weight"].dtype)
        return [layers.TPReLU(dtype=dtype)]
    affine = name.endswith("_affine")
    weight = parameters["weight"]
    if name.startswith("linear"):
        dtype = str(weight.dtype)
        return [
            layers.WeightNormDense(
                weight.shape[0], affine=affine, dtype=dtype, **recipe
            )
        ]
    match = re.fullmatch(
        r"(conv|convT)_(?:k\d+s(\d)p(\d)(\d?)|valid)_(strict|affine)", name
    )
    if match is None:
        raise SystemExit(f"golden_check: no layer of ours for {name!r}")
    kind, stride, *paddings, _ = match.groups()
    height, width = (int(p or paddings[0] or 0) for p in paddings)
    options = dict(
        kernel_size=weight.shape[2:],
        strides=int(stride or 1),
        padding="valid",
        affine=affine,
        dtype=str(weight.dtype),
        **recipe,
    )
    if kind == "conv":
        conv = layers.WeightNormConv2D(weight.shape[0], **options)
        padding = keras.layers.ZeroPadding2D((height, width), dtype=conv.dtype)
        return [padding, conv]
    conv = layers.WeightNormConv2DTranspose(weight.shape[1], **options)
    cropping = keras.layers.Cropping2D((height, width), dtype=conv.dtype)
    return [conv, cropping]


def check_layers(golden: Mapping) -> Iterator[Comparison]:
    """Forward and backward of every single layer in the file."""
    entries = section(golden, "layer/")
    for name in sorted({key.split("/")[0] for key in entries}):
        entry = section(entries, f"{name}/")
        if name in golden_resnet.NAMES:
            yield from check_module(name, entry)
        else:
            recipe = resnet.RECIPE if is_resnet(golden) else {}
            yield from check_layer(name, entry, recipe)


def check_module(name: str, entry: Mapping) -> Iterator[Comparison]:
    """Output and gradients of a residual block or a part of one."""
    model = golden_resnet.module_like(name, entry)
    state = golden_resnet.module_state
    parameters = state(name, model, section(entry, "param/"))
    load(model, parameters)
    x = tf.constant(layouts.images_from_nchw(entry["x"]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=True)
    variables = {key: variable for key, (variable, _) in parameters.items()}
    grad_y = layouts.images_from_nchw(entry["grad_y"])
    gradients = tape.gradient(y, {"x": x} | variables, grad_y)
    theirs = layouts.images_from_nchw(entry["y"])
    yield compare("layers", name, y, theirs)
    wanted = state(name, model, section(entry, "grad/"))
    wanted = {key: values for key, (_, values) in wanted.items()}
    wanted["x"] = layouts.images_from_nchw(entry["grad_x"])
    gradients = golden_resnet.joined(gradients)
    for key, theirs in golden_resnet.joined(wanted).items():
        tensor = f"{name}/{key}"
        yield compare("layer gradients", tensor, gradients[key], theirs)


def check_layer(
    name: str, entry: Mapping, recipe: Mapping
) -> Iterator[Comparison]:
    """Output and gradients of one layer."""
    parameters = section(entry, "param/")
    ours = layer_like(name, parameters, recipe)
    x = tf.constant(layouts.images_from_nchw(entry["x"]))
    keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), *ours])
    layer = next(one for one in ours if one.weights)
    weights = {
        parameter: getattr(layer, layouts.our_weight_name(name, parameter))
        for parameter in parameters
    }
    for parameter, weight in weights.items():
        weight.assign(layouts.layer_parameter(name, parameter, parameters))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for one in ours:
            y = one(y)
    grad_y = layouts.images_from_nchw(entry["grad_y"])
    gradients = tape.gradient(y, {"x": x} | weights, grad_y)
    theirs = layouts.images_from_nchw(entry["y"])
    yield compare("layers", name, y, theirs)
    for tensor, ours_gradient in gradients.items():
        theirs = layouts.images_from_nchw(entry["grad_x"])
        if tensor != "x":
            theirs = layouts.layer_parameter(
                name, tensor, section(entry, "grad/")
            )
        yield compare(
            "layer gradients", f"{name}/{tensor}", ours_gradient, theirs
        )


# Networks -----------------------------------------------------------------


def is_resnet(golden: Mapping) -> bool:
    """Whether the file is of the authors' later code (v2)."""
    return "meta/blocks" in golden


def build_networks(golden: Mapping, norm: str) -> tuple:
    """Our generator and discriminator of the file's sizes."""
    if is_resnet(golden):
        return golden_resnet.build_networks(golden, norm)
    meta = {k: int(v) for k, v in section(golden, "meta/").items() if v >= 1}
    common = dict(
        norm=norm.replace("-", "_"),
        height=meta["height"],
        width=meta["width"],
        channels=golden[f"net/{norm}/x"].shape[1],
        features=meta["first_features"],
        levels=meta["num_layers"],
        dtype=dtype_of(golden),
    )
    return (
        networks.build_generator(code_size=meta["code_size"], **common),
        networks.build_discriminator(**common),
    )


def our_state(network: keras.Model, state: Mapping) -> dict[str, tuple]:
    """`<module>.<parameter>` -> (our variable, the authors' values)."""
    if "initial_fc.weight" in state or "final.weight" in state:
        return golden_resnet.our_state(network, state)
    pairs = {}
    for name, values in state.items():
        layer_name, parameter = name.rsplit(".", 1)
        layer = network.get_layer(layer_name)
        weight_name = layouts.our_weight_name(layer_name, parameter)
        if layer_name == "initial_linear":
            start = network.get_layer("initial_reshape").output.shape[1:]
            values = layouts.channels_last_rows(values, start)
        values = layouts.our_weight(values, weight_name)
        pairs[name] = (getattr(layer, weight_name), values)
    return pairs


def load_state(network: keras.Model, state: Mapping) -> None:
    """Sets a network's weights; each of ours must be in the file."""
    load(network, our_state(network, state))


def load(network: keras.Model, pairs: Mapping[str, tuple]) -> None:
    """Assigns pairs of a variable and its values, one for each weight."""
    if len(pairs) != len(network.weights):
        raise SystemExit(
            f"golden_check: {len(pairs)} tensors in the file for "
            f"{len(network.weights)} weights of {network.name}"
        )
    for variable, values in pairs.values():
        variable.assign(values)


def check_network(golden: Mapping, norm: str) -> Iterator[Comparison]:
    """Outputs in inference and training mode, on the file's weights."""
    entry = section(golden, f"net/{norm}/")
    x = layouts.images_from_nchw(entry["x"])
    if is_resnet(golden):
        # The file's x went in unscaled; our network scales to [-1, 1].
        x = (x + 1) / 2
    for training, mode in ((False, "eval"), (True, "train")):
        generator, discriminator = build_networks(golden, norm)
        load_state(generator, section(entry, "g/"))
        load_state(discriminator, section(entry, "d/"))
        images = generator(entry["z"], training=training)
        theirs = layouts.images_from_nchw(entry[f"g_{mode}"])
        tensor = f"{norm}/g_{mode}"
        yield compare("networks", tensor, images, theirs)
        ours = discriminator(x, training=training)
        theirs = entry[f"d_{mode}"]
        if is_resnet(golden):
            theirs = theirs.reshape(ours.shape)
        else:
            # The authors' DCGAN ends in a sigmoid, ours in its logit.
            ours = tf.sigmoid(ours)
        tensor = f"{norm}/d_{mode}"
        yield compare("networks", tensor, ours, theirs)


# Reconstruction and training ----------------------------------------------


def check_reconstruction(golden: Mapping, norm: str) -> Iterator[Comparison]:
    """Protocol `paper` in its batch-mean form."""
    entry = section(golden, f"net/{norm}/")
    generator, _ = build_networks(golden, norm)
    load_state(generator, section(entry, "g/"))
    found = search_codes(
        lambda z: generator(z, training=False),
        tf.constant(layouts.images_from_nchw(entry["rec/target"])),
        start=tf.zeros_like(entry["rec/z"]),
        solver="paper_batch_mean",
        evaluations=len(entry["rec/loss_curve"]),
    )
    ours = {
        # Theirs has the loss before each update, not that after the last.
        "loss_curve": tf.reduce_mean(found.curve[:-1], axis=1),
        "z": found.z,
        "reconstruction": found.images,
        "per_image": found.losses,
    }
    for name, values in ours.items():
        theirs = layouts.images_from_nchw(entry[f"rec/{name}"])
        tensor = f"{norm}/{name}"
        yield compare("reconstruction", tensor, values, theirs)


class GivenCodes(GAN):
    """A GAN that takes its codes from the file instead of drawing them."""

    def codes(self, batch_size, kind=0, turn=0):
        """The code of this step for D (kind 0) or G (1)."""
        return self.given[int(self.step), kind]


def check_training(golden: Mapping, norm: str) -> Iterator[Comparison]:
    """Losses and weights of the file's training steps."""
    entry = section(golden, f"net/{norm}/")
    order = "shared" if is_resnet(golden) else "alternate"
    gan = GivenCodes(*build_networks(golden, norm), update_order=order)
    load_state(gan.generator, section(entry, "g/"))
    load_state(gan.discriminator, section(entry, "d/"))
    gan.given = entry["train/z"]
    gan.compile(golden_optimizer(golden), golden_optimizer(golden))
    losses = []
    for images in entry["train/x"]:
        results = gan.train_step(tf.constant(layouts.images_from_nchw(images)))
        losses.append((results["d_loss"], results["g_loss"]))
    real, fake, generated = entry["train/losses_real_fake_gen"].T
    theirs = np.stack([real + fake, generated], axis=1)
    if dtype_of(golden) == "float32":
        # Later steps divide the rounding noise of dead units by itself.
        tensor = f"{norm}/losses of the first step"
        yield compare("training", tensor, losses[0], theirs[0])
        return
    yield compare("training", f"{norm}/losses", losses, theirs)
    for key, network in (("g", gan.generator), ("d", gan.discriminator)):
        after = our_state(network, section(entry, f"train/{key}_after/"))
        before = section(entry, f"{key}/")
        yield from check_weights(f"{norm}/{key}", before, after)


def check_weights(
    prefix: str, before: Mapping, after: Mapping
) -> Iterator[Comparison]:
    """Trained weights.

    A bias directly before batch norm is excluded by name: its gradient is
    zero in exact arithmetic, so only rounding noise moves it. The running
    mean behind it averages that bias over all steps, so it carries the same
    noise: twice the larger of the bias's drifts, in the file and here, is
    added to its tolerance. (Twice, because the steps between may lie further
    out than the last one.)
    """
    noise = {
        layouts.bias_before(name): name
        for name in after
        if name.endswith("running_mean") and layouts.bias_before(name) in after
    }
    ours = golden_resnet.joined({k: v for k, (v, _) in after.items()})
    theirs = golden_resnet.joined({k: v for k, (_, v) in after.items()})
    for name in ours:
        if name in noise:
            print(f"excluded (bias before batch norm): {prefix}/{name}")
            continue
        tensor = f"{prefix}/{name}"
        result = compare("training", tensor, ours[name], theirs[name])
        for bias in (b for b, mean in noise.items() if mean == name):
            values = [np.asarray(v) for v in after[bias]]
            drift = max(np.linalg.norm(v - before[bias]) for v in values)
            noisy = 2 * drift / np.linalg.norm(theirs[name])
            result = result._replace(tolerance=result.tolerance + noisy)
            print(f"tolerance {result.tolerance:.1e} for {tensor}")
        yield result


def golden_optimizer(golden: Mapping) -> RMSProp:
    """The optimizer of the file's training steps."""
    meta = section(golden, "meta/")
    return RMSProp(
        float(meta["learning_rate"]),
        rho=float(meta["rmsprop_rho"]),
        epsilon=float(meta["rmsprop_epsilon"]),
    )


# The report ---------------------------------------------------------------


def check_file(golden: Mapping) -> list[Comparison]:
    """Every comparison that a golden file allows."""
    norms = sorted({k.split("/")[1] for k in golden if k.startswith("net/")})
    comparisons = list(check_layers(golden))
    for check in (check_network, check_reconstruction, check_training):
        for norm in norms:
            comparisons += check(golden, norm)
    return comparisons


def report(comparisons: list[Comparison]) -> bool:
    """Prints a line a part, then every failure; True if there was none."""
    parts = dict.fromkeys(c.part for c in comparisons)
    for part in parts:
        rows = [c for c in comparisons if c.part == part]
        worst = max(rows, key=lambda c: c.error)
        print(
            f"{part:16} {len(rows):4} tensors, largest relative error "
            f"{worst.error:.1e} ({worst.tensor}), tolerance "
            f"{worst.tolerance:.0e}"
        )
    failures = [c for c in comparisons if not c.error <= c.tolerance]
    for c in failures:
        print(f"FAILED {c.part}: {c.tensor}: {c.error:.1e} > {c.tolerance:.0e}")
    return not failures

"""Compares this package with numbers that the authors' own modules gave.

    python tests/golden_check.py FILE.npz [FILE.npz ...]

prints the largest relative error of each part and exits 1 beyond its
tolerance. The files hold float32 results on random weights moved off their
initial values; errors are by norm over a tensor, |ours - theirs| / |theirs|.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import golden_layouts as layouts
import golden_resnet
import keras
import numpy as np
import tensorflow as tf

from wn_gan import layers, networks
from wn_gan.gan.model import GAN
from wn_gan.gan.optimizers import RMSProp
from wn_gan.reconstruction import search_codes

# One forward pass in float32: a few hundred roundings of 6e-8 each.
FORWARD_TOLERANCE = 1e-5
# Gradients are sums over every position, and RMSProp divides by a root that
# starts near zero: both amplify rounding by about ten.
ITERATED_TOLERANCE = 1e-4


class Comparison(NamedTuple):
    """One tensor held against the authors'."""

    part: str
    tensor: str
    error: float
    tolerance: float


def compare(part, tensor, ours, theirs, tolerance) -> Comparison:
    """The relative error by norm; infinite where shapes differ."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
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


def layer_like(name: str, parameters: Mapping) -> list[keras.layers.Layer]:
    """Our layers for a golden layer's name, e.g. `convT_k4s2p21_strict`.

    The digits after `p` are the padding, one for both axes or one each.
    """
    if name.startswith("tprelu"):
        return [layers.TPReLU()]
    affine = name.endswith("_affine")
    weight = parameters["weight"]
    if name.startswith("linear"):
        return [layers.WeightNormDense(weight.shape[0], affine=affine)]
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
    )
    if kind == "conv":
        conv = layers.WeightNormConv2D(weight.shape[0], **options)
        return [keras.layers.ZeroPadding2D((height, width)), conv]
    conv = layers.WeightNormConv2DTranspose(weight.shape[1], **options)
    return [conv, keras.layers.Cropping2D((height, width))]


def check_layers(golden: Mapping) -> Iterator[Comparison]:
    """Forward and backward of every single layer in the file."""
    entries = section(golden, "layer/")
    for name in sorted({key.split("/")[0] for key in entries}):
        check = check_layer
        if name in golden_resnet.NAMES:
            check = check_module
        yield from check(name, section(entries, f"{name}/"))


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
    yield compare("layers", name, y, theirs, FORWARD_TOLERANCE)
    wanted = state(name, model, section(entry, "grad/"))
    wanted = {key: values for key, (_, values) in wanted.items()}
    wanted["x"] = layouts.images_from_nchw(entry["grad_x"])
    gradients = golden_resnet.joined(gradients)
    for key, theirs in golden_resnet.joined(wanted).items():
        tensor = f"{name}/{key}"
        yield compare(
            "layer gradients",
            tensor,
            gradients[key],
            theirs,
            ITERATED_TOLERANCE,
        )


def check_layer(name: str, entry: Mapping) -> Iterator[Comparison]:
    """Output and gradients of one layer."""
    parameters = section(entry, "param/")
    ours = layer_like(name, parameters)
    x = tf.constant(layouts.images_from_nchw(entry["x"]))
    keras.Sequential(ours)(x)
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
    yield compare("layers", name, y, theirs, FORWARD_TOLERANCE)
    for tensor, ours_gradient in gradients.items():
        theirs = layouts.images_from_nchw(entry["grad_x"])
        if tensor != "x":
            theirs = layouts.layer_parameter(
                name, tensor, section(entry, "grad/")
            )
        yield compare(
            "layer gradients",
            f"{name}/{tensor}",
            ours_gradient,
            theirs,
            ITERATED_TOLERANCE,
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
        yield compare("networks", tensor, images, theirs, FORWARD_TOLERANCE)
        ours = discriminator(x, training=training)
        theirs = entry[f"d_{mode}"]
        if is_resnet(golden):
            theirs = theirs.reshape(ours.shape)
        else:
            # The authors' DCGAN ends in a sigmoid, ours in its logit.
            ours = tf.sigmoid(ours)
        tensor = f"{norm}/d_{mode}"
        yield compare("networks", tensor, ours, theirs, FORWARD_TOLERANCE)


# Reconstruction and training ----------------------------------------------


def check_reconstruction(golden: Mapping, norm: str) -> Iterator[Comparison]:
    """Protocol `paper` in its batch-mean form."""
    entry = section(golden, f"net/{norm}/")
    generator, _ = build_networks(golden, norm)
    load_state(generator, section(entry, "g/"))
    found = search_codes(
        lambda z: generator(z, training=False),
        tf.constant(layouts.images_from_nchw(entry["rec/target"])),
        start=tf.zeros(entry["rec/z"].shape),
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
        yield compare(
            "reconstruction", tensor, values, theirs, ITERATED_TOLERANCE
        )


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
    tensor = f"{norm}/losses"
    yield compare("training", tensor, losses, theirs, ITERATED_TOLERANCE)
    for key, network in (("g", gan.generator), ("d", gan.discriminator)):
        before = our_state(network, section(entry, f"{key}/"))
        after = our_state(network, section(entry, f"train/{key}_after/"))
        yield from check_weights(f"{norm}/{key}", before, after)


def check_weights(
    prefix: str, before: Mapping, after: Mapping
) -> Iterator[Comparison]:
    """Trained weights; what is only rounding noise is listed and left out.

    A bias directly before batch norm is excluded. A running mean behind one
    averages that bias over all steps, so it carries its noise: twice the
    larger of its drifts, in the file and here, is allowed on top of the
    tolerance (twice, because the steps between may lie further out than the
    last one).
    """
    noisy = {
        layouts.bias_before(name): name
        for name in after
        if layouts.bias_before(name) in after and "running_mean" in name
    }
    ours = golden_resnet.joined({k: v for k, (v, _) in after.items()})
    theirs = golden_resnet.joined({k: v for k, (_, v) in after.items()})
    for name in ours:
        if name in noisy:
            print(f"excluded (bias before batch norm): {prefix}/{name}")
            continue
        result = compare(
            "training",
            f"{prefix}/{name}",
            ours[name],
            theirs[name],
            ITERATED_TOLERANCE,
        )
        for bias in (b for b, mean in noisy.items() if mean == name):
            start = before[bias][1]
            drift = max(np.linalg.norm(v - start) for v in after[bias])
            allowed = 2 * drift / np.linalg.norm(theirs[name])
            print(
                f"allowed for that bias's drift: {result.tensor} "
                f"{result.error:.1e} of {allowed:.1e}"
            )
            result = result._replace(error=max(0.0, result.error - allowed))
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


def main(paths: list[str]) -> int:
    """Checks each file; 0 if all agree, 1 if not, 2 without a file."""
    if not paths:
        print("usage: python tests/golden_check.py FILE.npz [FILE.npz ...]")
        return 2
    agreed = True
    for path in paths:
        print(path)
        golden = dict(np.load(path, allow_pickle=False))
        agreed &= report(check_file(golden))
    print("all parts agree" if agreed else "not all parts agree")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Losses of small runs on one device, on two, or on two workers.

    python replica_losses.py OUTPUT.json [flags of wn_gan.train]

Trains every case for some steps, as `wn_gan.train` does, and writes what each
step returned and the reconstruction losses afterwards. `test_replicas.py`
starts it on several kinds of devices and compares.
"""

import dataclasses
import json
import pathlib
import sys

import numpy as np

from wn_gan.config import Config
from wn_gan.config.device_options import DeviceOptions
from wn_gan.data import Feed, Subset, array_images, batches
from wn_gan.distribution import make_strategy
from wn_gan.flag_defs import from_flag_file
from wn_gan.gan.building import build_gan
from wn_gan.gan.model import initialize_gan
from wn_gan.reconstruction import Reconstructor
from wn_gan.train.loop import TrainingLoop

IMAGES = np.random.default_rng(4).integers(0, 256, (50, 8, 8, 3), np.uint8)
TINY = {
    "code_size": 5,
    "features": (3,),
    "batch_size": 8,
    "g_learning_rate": 1e-3,
    "d_learning_rate": 1e-3,
}
# Every norm on one network or the other; every option of the step somewhere.
CASES = {
    "none, weight": {
        "d_steps": 2,
        "instance_noise": 0.1,
        "gradient_penalty": 1.0,
        "searched_by": "lbfgs",
    },
    "weight, none": {"searched_by": "paper"},
    "weight_affine, instance": {
        "update_order": "shared",
        "r1_penalty": 1.0,
        "searched_by": "preconditioned_lbfgs",
    },
    "weight_data_init, layer": {"g_ema_decay": 0.9, "optimizer": "adam"},
    "batch, mean_only_batch": {"steps_per_execution": 5},
    "group, spectral": {"architecture": "resnet", "features": (3, 4)},
}


def losses(config, strategy, steps, solver):
    """What each step returns, and reconstruction losses at the end."""
    feed = Feed(Subset(array_images(IMAGES), np.arange(len(IMAGES))))
    found = []
    with strategy.scope():
        gan = build_gan(config, (8, 8, 3))
        if config.generator_norm == "weight_data_init":
            initialize_gan(gan, next(iter(batches(config, feed, 0))), d=False)
        loop = TrainingLoop(gan, strategy)
        stream = iter(batches(config, feed, 0, strategy))
        each = config.steps_per_execution or 1
        for _ in range(steps // each):
            results, _ = loop(stream, each)
            found.append({k: float(v) for k, v in results.items()})
        if solver is not None:
            found.append(searched(gan, config, solver))
    return found


def searched(gan, config, solver):
    """The reconstruction losses of 11 images, 4 a replica and batch."""
    search = Reconstructor(
        lambda z: gan.generator(z, training=False),
        (8, 8, 3),
        config.code_size,
        solver=solver,
        evaluations=5,
        batch_size=4,
        num_starts=2,
        dtype=config.precision,
    )
    result = search(IMAGES[:11] / 255.0)
    return {f"image {i}": float(x) for i, x in enumerate(result.losses)}


def main():
    """Trains and writes."""
    output, *flags = sys.argv[1:]
    names = [field.name for field in dataclasses.fields(DeviceOptions)]
    devices = vars(from_flag_file("\n".join(flags)))
    devices = {name: devices[name] for name in names} | {
        "sync_batch_norm": True
    }
    strategy = make_strategy(Config(**TINY | devices))
    found = {}
    for precision, steps in (("float64", 20), ("float32", 1)):
        for case, options in CASES.items():
            options = options | {"precision": precision}
            solver = options.pop("searched_by", None)
            if steps == 1:
                solver, options["steps_per_execution"] = None, 1
            options["g_norm"], options["d_norm"] = case.split(", ")
            config = Config(**TINY | devices | options)
            found[f"{case}, {precision}"] = losses(
                config, strategy, steps, solver
            )
    pathlib.Path(output).write_text(json.dumps(found))


if __name__ == "__main__":
    main()

"""Speed of exported generators, compared with their Keras models.

    python benchmarks/export.py [flags of wn_gan.train]

For every norm, times the unfolded Keras generator as a `tf.function` and the
folded export's `serving_default`, alternately in one process. Then compares the
exports of `weight` and `none`. The networks have the flags' size (default:
CIFAR's) and are untrained, which does not change their speed.
"""

import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from wn_gan import cli
from wn_gan.config import NORMS, Config
from wn_gan.export.export_run import save
from wn_gan.export.served import ServedGenerator
from wn_gan.gan.building import build_gan

TURNS = 20
CALLS = 5


def seconds(call: Callable, z: tf.Tensor) -> float:
    """Returns the seconds of `CALLS` calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        found = call(z)
    tf.nest.flatten(found)[0].numpy()
    return time.perf_counter() - start


def ratios(one: Callable, other: Callable, z: tf.Tensor) -> list[float]:
    """Returns the speed of `one` over that of `other` per turn, sorted."""
    for call in (one, other):
        seconds(call, z)
    found = []
    for turn in range(TURNS):
        pair = [one, other] if turn % 2 else [other, one]
        took = {id(call): seconds(call, z) for call in pair}
        found.append(took[id(other)] / took[id(one)])
    return sorted(found)


def exported(generator, folder: Path) -> Callable:
    """Exports a generator and loads its signature."""
    save(ServedGenerator(generator), folder)
    model = tf.saved_model.load(str(folder))
    # Refers to the model: a signature alone does not keep it alive.
    return lambda z: model.signatures["serving_default"](z=z)


def shown(found: list[float]) -> str:
    """Formats the median and the range."""
    return f"{statistics.median(found):.3f} ({found[0]:.2f} to {found[-1]:.2f})"


def main(shared: Config) -> None:
    """Prints one line per norm."""
    calls = {}
    with tempfile.TemporaryDirectory() as folder:
        for norm in NORMS:
            config = dataclasses.replace(shared, norm=norm)
            generator = build_gan(config, (32, 32, 3)).generator
            z = tf.random.normal([config.batch_size, config.code_size])
            keras_call = tf.function(
                lambda z, g=generator: g(z, training=False)
            )
            calls[norm] = exported(generator, Path(folder) / norm)
            found = ratios(calls[norm], keras_call, z)
            print(f"{norm}: export over Keras model {shown(found)}", flush=True)
        found = ratios(calls["weight"], calls["none"], z)
        print(f"export of weight over export of none {shown(found)}")


if __name__ == "__main__":
    defaults = {"batch_size": 64}
    sys.exit(cli.run_verb(__doc__, (Config,), main, defaults=defaults))

"""Images/s of exported generators against the Keras models they come from.

    python benchmarks/export.py [flags of wn_gan.train]

For every norm: the unfolded Keras generator as a `tf.function` and the folded
export's `serving_default`, both in this process, turn and turn about; then the
exports of `weight` and `none` against each other. Networks of the flags' size
(by default CIFAR's), untrained: what they compute takes as long.
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
    """Of a turn of calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        found = call(z)
    tf.nest.flatten(found)[0].numpy()
    return time.perf_counter() - start


def ratios(one: Callable, other: Callable, z: tf.Tensor) -> list[float]:
    """Speed of `one` over that of `other`, turn by turn, sorted."""
    for call in (one, other):
        seconds(call, z)
    found = []
    for turn in range(TURNS):
        pair = [one, other] if turn % 2 else [other, one]
        took = {id(call): seconds(call, z) for call in pair}
        found.append(took[id(other)] / took[id(one)])
    return sorted(found)


def exported(generator, folder: Path) -> Callable:
    """The loaded signature of a generator's export."""
    save(ServedGenerator(generator), folder)
    model = tf.saved_model.load(str(folder))
    # Through the model: a signature alone does not keep it alive.
    return lambda z: model.signatures["serving_default"](z=z)


def shown(found: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(found):.3f} ({found[0]:.2f} to {found[-1]:.2f})"


def main(shared: Config) -> None:
    """Prints a line a norm."""
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

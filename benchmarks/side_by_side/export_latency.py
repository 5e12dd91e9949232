"""Worker: calls of an exported generator, one at a time."""

import tempfile
import time

import numpy as np
import tensorflow as tf

from benchmarks.side_by_side import worker
from wn_gan.config import Config
from wn_gan.export.export_run import save
from wn_gan.export.served import ServedGenerator
from wn_gan.gan.building import build_gan

BATCHES = (1, 8, 32)
CALLS = 200


def main() -> None:
    """Times `serving_default` of an untrained generator of CIFAR's size."""
    config = Config()
    generator = build_gan(config, (32, 32, 3)).generator
    with tempfile.TemporaryDirectory() as folder:
        save(ServedGenerator(generator), folder)
        model = tf.saved_model.load(folder)
        call = model.signatures["serving_default"]
        worker.tell({f"batch {n}": _latency(call, n, config) for n in BATCHES})


def _latency(call, batch_size: int, config: Config) -> dict[str, float]:
    """Images per second, and percentiles of a call in milliseconds."""
    z = tf.random.normal([batch_size, config.code_size])
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        tf.nest.flatten(call(z=z))[0].numpy()
        times.append(time.perf_counter() - start)
    times = np.array(times[CALLS // 10 :])
    return {
        "images_per_second": round(batch_size / times.mean(), 1),
        "p50_ms": round(1000 * float(np.percentile(times, 50)), 2),
        "p99_ms": round(1000 * float(np.percentile(times, 99)), 2),
    }


if __name__ == "__main__":
    main()

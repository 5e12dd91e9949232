"""The training loop beside the bare step, and the stall of a checkpoint."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.side_by_side import worker
from benchmarks.train_step import measure
from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.runs.checkpoints import Checkpoints

# As the defaults have it, in the same shares: 1,000 steps, one running test of
# 50 evaluations, one grid and one checkpoint.
STEPS = 300
CONFIG = Config(
    batch_size=64,
    train_steps=STEPS,
    test_every_steps=STEPS,
    sample_every_steps=STEPS,
    checkpoint_every_steps=STEPS,
    running_test_evaluations=50 * STEPS // 1000,
)
SAVES = 5


def save_seconds() -> float:
    """Median time of a checkpoint of the same GAN."""
    gan = build_gan(CONFIG, (32, 32, 3))
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), CONFIG.keep_checkpoints)
        times = []
        for _ in range(SAVES):
            start = time.perf_counter()
            checkpoints.save_last(gan, {})
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measures and tells."""
    bare, loop = measure(CONFIG)
    step = bare.sum() / STEPS
    save = save_seconds()
    worker.tell(
        {
            "bare step over loop": round(bare.sum() / loop.sum(), 3),
            "seconds of a checkpoint": round(save, 3),
            "steps of a checkpoint": round(save / step, 2),
        }
    )


if __name__ == "__main__":
    main()

"""Workers: this package's code search, on a trained generator."""

import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import EVALUATIONS_PER_CALL
from benchmarks.side_by_side.network_plan import save_plan
from wn_gan.data import load_split
from wn_gan.networks.fold import folded
from wn_gan.reconstruction import Reconstructor
from wn_gan.runs.trained_run import open_trained_run

IMAGES = 100
PAPER_EVALUATIONS = 2000
MOST_EVALUATIONS = 100


class Searches:
    """Searches on the final test's images of a run.

    Args:
        run_dir: folder of the run.
    """

    def __init__(self, run_dir: str):
        run = open_trained_run(run_dir)
        generator = run.untrained_generator()
        run.restore(generator, "best")
        self.network = folded(generator)
        self.code_size = run.config.code_size
        targets = load_split(run.config).final_test[:IMAGES]
        self.targets = targets / np.float32(255)

    def search(self, solver: str, evaluations: int) -> Reconstructor:
        """Returns a search of all the images at once."""
        return Reconstructor(
            lambda z: self.network(z, training=False),
            self.targets.shape[1:],
            self.code_size,
            solver,
            evaluations,
        )

    def curve(self, solver: str, evaluations: int) -> np.ndarray:
        """Mean loss after each evaluation."""
        found = self.search(solver, evaluations)(self.targets)
        return found.curve.mean(axis=1)

    def save(self, folder: Path) -> None:
        """Writes the generator, codes, images and targets for a twin."""
        save_plan(self.network, folder / "generator.npz")
        z = np.random.default_rng(0).standard_normal(
            (4, self.code_size), np.float32
        )
        images = self.network(z, training=False)
        np.savez(
            folder / "search.npz", z=z, images=images, targets=self.targets
        )


def evaluations(run_dir: str, folder: Path) -> None:
    """Counts evaluations to the loss of `paper`, and times one evaluation."""
    searches = Searches(run_dir)
    searches.save(folder)
    wanted = searches.curve("paper", PAPER_EVALUATIONS)[-1]
    about = {"paper_loss": float(wanted)}
    for solver in ("lbfgs", "preconditioned_lbfgs"):
        reached = searches.curve(solver, MOST_EVALUATIONS) <= wanted
        about[solver] = int(np.argmax(reached)) if reached.any() else None
    search = searches.search("paper", EVALUATIONS_PER_CALL)
    _time(search, searches.targets, EVALUATIONS_PER_CALL, about)


def whole_search(run_dir: str, solver: str, count: int) -> None:
    """Times whole searches, with all that their solver prepares."""
    searches = Searches(run_dir)
    start = time.perf_counter()
    search = searches.search(solver, count)
    prepared = time.perf_counter() - start
    about = {"seconds_to_prepare": round(prepared, 2), "evaluations": count}
    _time(search, searches.targets, 1, about)


def _time(search, targets, count, about) -> None:
    worker.images_per_second(
        lambda: search(targets),
        lambda _: None,
        count,
        about | {"version": f"TensorFlow {tf.__version__}"},
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        evaluations(sys.argv[1], Path(sys.argv[2]))
    else:
        whole_search(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""The running test, and `best`."""

import math
from typing import Any

import numpy as np

from wn_gan import images
from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action, Interrupted
from wn_gan.distribution import num_workers
from wn_gan.reconstruction import RunningTest

PAIRS_SHOWN = 16


class TestGenerator(Action):
    """Measures the reconstruction loss; the lowest one keeps `best`.

    Args:
        run: that it acts on.
        targets: the running test's images, uint8.
    """

    def __init__(self, run: Run, targets: np.ndarray):
        """See the class."""
        super().__init__(run, run.config.test_every_steps)
        self.targets = targets
        self.test = RunningTest(
            run.gan.generator,
            images.to_unit(targets),
            run.config.running_test_evaluations,
            run.config.test_batch_size,
        )

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Adds `reconstruction_loss` to the record."""
        with self.run.stopwatch.paused():
            loss, found = self.test(self._interrupt)
            record["reconstruction_loss"] = loss
            self._keep_best(step, loss)
            pairs = images.pairs_grid(
                self.targets[:PAIRS_SHOWN],
                images.to_uint8(found[:PAIRS_SHOWN]),
            )
            self.run.show(step, "reconstructions", pairs)

    def _interrupt(self) -> None:
        # Several workers search together: all of them finish the test.
        if self.run.stop.asked and num_workers(self.run.strategy) == 1:
            raise Interrupted

    def _keep_best(self, step: int, loss: float) -> None:
        standing = self.run.standing
        best = standing.best_loss
        if math.isfinite(loss) and (best is None or loss < best):
            standing.best_loss, standing.best_step = loss, step
            if self.run.chief:
                self.run.checkpoints.save_best(self.run.gan, vars(standing))

"""Runs the running test and chooses `best`."""

import math

import numpy as np

from wn_gan.distribution import num_workers
from wn_gan.images import pairs_grid, to_uint8, to_unit
from wn_gan.reconstruction import RunningTest
from wn_gan.train.schedule import Action, Interrupted, Record
from wn_gan.train.state import Run

PAIRS_SHOWN = 16


class TestGenerator(Action):
    """Measures the reconstruction loss; the lowest one is `best`.

    Args:
        run: the run to act on.
        targets: images of the running test, uint8
            `[n, height, width, channels]`.
    """

    __test__ = False  # pytest would collect it by its name

    def __init__(self, run: Run, targets: np.ndarray):
        super().__init__(run, run.config.test_every_steps)
        self.targets = targets
        self.test = RunningTest(
            run.gan.generator,
            to_unit(targets),
            run.config.running_test_evaluations,
            run.config.test_batch_size,
        )

    def __call__(self, step: int) -> Record:
        """Records `reconstruction_loss`."""
        with self.run.stopwatch.paused():
            loss, found = self.test(self._interrupt)
            self._note_best(step, loss)
            pairs = pairs_grid(
                self.targets[:PAIRS_SHOWN], to_uint8(found[:PAIRS_SHOWN])
            )
            self.run.show(step, "reconstructions", pairs)
        return {"reconstruction_loss": loss}

    def _interrupt(self) -> None:
        # Several workers search together, so all must finish the test.
        if self.run.stop.asked and num_workers(self.run.strategy) == 1:
            raise Interrupted

    def _note_best(self, step: int, loss: float) -> None:
        state = self.run.state
        if not math.isfinite(loss):
            return
        if state.best_loss is None or loss < state.best_loss:
            if state.best_loss is not None:
                state.improved_step = step
            state.best_loss, state.best_step = loss, step

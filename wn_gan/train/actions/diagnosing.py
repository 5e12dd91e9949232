"""Diagnostics of the networks for TensorBoard."""

import numpy as np

from wn_gan.images import to_unit
from wn_gan.train.diagnostics import Diagnostics
from wn_gan.train.schedule import Action, Record
from wn_gan.train.state import Run

DIAGNOSED_IMAGES = 64


class Diagnose(Action):
    """Writes the numbers of `Diagnostics` to TensorBoard.

    All workers measure together; the chief writes.

    Args:
        run: the run to act on.
        targets: images of the running test, uint8
            `[n, height, width, channels]`.
    """

    def __init__(self, run: Run, targets: np.ndarray):
        super().__init__(run, run.config.diagnostics_every_steps)
        shown = to_unit(targets[:DIAGNOSED_IMAGES])
        self.diagnostics = Diagnostics(run.gan, shown)

    def __call__(self, step: int) -> Record:
        """Writes `diagnostics/<network>/<layer>/<what>`; records nothing."""
        with self.run.stopwatch.paused():
            found = self.diagnostics()
            if self.run.chief:
                self.run.tensorboard.diagnostics(step, found)
        return {}

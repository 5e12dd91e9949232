"""The inside of the networks, for TensorBoard."""

import numpy as np

from wn_gan.images import to_unit
from wn_gan.train.diagnostics import Diagnostics
from wn_gan.train.schedule import Action, Record
from wn_gan.train.state import Run

DIAGNOSED_IMAGES = 64


class Diagnose(Action):
    """Writes the numbers of `Diagnostics`.

    Args:
        run: that it acts on.
        targets: the running test's images, uint8.
    """

    def __init__(self, run: Run, targets: np.ndarray):
        super().__init__(run, run.config.diagnostics_every_steps)
        shown = to_unit(targets[:DIAGNOSED_IMAGES])
        self.diagnostics = Diagnostics(run.gan, shown)

    def __call__(self, step: int) -> Record:
        """Scalars and histograms, `diagnostics/<network>/<layer>/<what>`."""
        with self.run.stopwatch.paused():
            found = self.diagnostics()
            self.run.tensorboard.diagnostics(step, found)
        return {}

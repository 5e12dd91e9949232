"""The inside of the networks, for TensorBoard."""

from typing import Any

import numpy as np

from wn_gan import images
from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action
from wn_gan.diagnostics import Diagnostics

DIAGNOSED_IMAGES = 64


class Diagnose(Action):
    """Writes what `Diagnostics` finds.

    Args:
        run: that it acts on.
        targets: the running test's images, uint8.
    """

    def __init__(self, run: Run, targets: np.ndarray):
        """See the class."""
        super().__init__(run, run.config.diagnostics_every_steps)
        shown = images.to_unit(targets[:DIAGNOSED_IMAGES])
        self.diagnostics = Diagnostics(run.gan, shown)

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Scalars and histograms, `diagnostics/<network>/<layer>/<what>`."""
        with self.run.stopwatch.paused():
            found = self.diagnostics()
            self.run.tensorboard.diagnostics(step, found)

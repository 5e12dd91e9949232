"""The sample grid: the same codes every time."""

from typing import Any

from wn_gan import images
from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action

SAMPLES = 64


class SampleGrid(Action):
    """Draws G's images of codes that are fixed for the whole run."""

    def __init__(self, run: Run):
        """See `Action`."""
        super().__init__(run, run.config.sample_every_steps)
        self.codes = run.gan.codes(SAMPLES)

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Shows the grid."""
        with self.run.stopwatch.paused():
            samples = self.run.gan.sample(self.codes).numpy()
            grid = images.square_grid(images.to_uint8(samples))
            self.run.show(step, "samples", grid)

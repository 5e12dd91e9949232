"""The sample grid, always of the same codes."""

from wn_gan.images import square_grid, to_uint8
from wn_gan.train.schedule import Action, Record
from wn_gan.train.state import Run

SAMPLES = 64


class SampleGrid(Action):
    """Draws G's images of codes that are fixed for the whole run."""

    def __init__(self, run: Run):
        super().__init__(run, run.config.sample_every_steps)
        self.codes = run.gan.codes(SAMPLES)

    def __call__(self, step: int) -> Record:
        """Writes the grid; records nothing."""
        with self.run.stopwatch.paused():
            samples = self.run.gan.sample(self.codes).numpy()
            self.run.show(step, "samples", square_grid(to_uint8(samples)))
        return {}

"""Checkpoints while a run goes on."""

from typing import Any

from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action


class SaveCheckpoint(Action):
    """Writes `last`, and the checkpoints that are kept."""

    on_stop = True
    on_interrupt = True

    def __init__(self, run: Run):
        """See `Action`."""
        super().__init__(run, run.config.checkpoint_every_steps)
        self.seconds_before = run.standing.seconds

    def due(self, step: int) -> bool:
        """Also where one is kept."""
        return super().due(step) or self._kept(step)

    def _kept(self, step: int) -> bool:
        every = self.run.config.keep_every_steps
        return every > 0 and step % every == 0

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Saves the state after this step."""
        run = self.run
        wall = run.stopwatch.wall_seconds()
        run.standing.seconds = self.seconds_before + wall
        with run.stopwatch.paused():
            if self._kept(step):
                run.checkpoints.save_step(run.gan, vars(run.standing))
            run.checkpoints.save_last(run.gan, vars(run.standing))

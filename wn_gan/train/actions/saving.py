"""Saves checkpoints during training."""

from wn_gan.train.state import Run


class Save:
    """Writes `last`, `best`, and the checkpoints to keep.

    `last` names the best step and is written before its copy `best`. After a
    kill in between, a resumed run repairs `best` from `last`.

    Args:
        run: a run; this process is its chief.
    """

    def __init__(self, run: Run):
        self.run = run
        self.seconds_before = run.state.seconds

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due after a step."""
        config = self.run.config
        last = step == config.train_steps
        regular = step % config.checkpoint_every_steps == 0
        return last or regular or self._kept(step) or self._best(step)

    def _kept(self, step: int) -> bool:
        every = self.run.config.keep_every_steps
        return every > 0 and step % every == 0

    def _best(self, step: int) -> bool:
        return self.run.state.best_step == step

    def __call__(self, step: int) -> None:
        """Saves the state after a step."""
        run, state = self.run, self.run.state
        state.seconds = self.seconds_before + run.stopwatch.wall_seconds()
        # The step itself updates this value, so each step counts once.
        state.d_won_share = float(run.gan.vitals.d_won_share.numpy())
        with run.stopwatch.paused():
            run.checkpoints.save_last(run.gan, vars(state))
            if self._best(step):
                run.checkpoints.copy("last", "best")
            if self._kept(step):
                run.checkpoints.keep_step(step)

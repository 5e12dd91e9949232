"""Detects that a run has failed, and names the cause."""

import dataclasses

import numpy as np

from wn_gan.images import to_unit
from wn_gan.runs.checkpoint_file import gan_parts, nonfinite_variable
from wn_gan.runs.failures import Failure
from wn_gan.train.actions.sampling import SAMPLES
from wn_gan.train.schedule import Action, Record
from wn_gan.train.state import Run

D_WON_SHARE = 0.8
"""D has won if it won this share of the latest steps."""
SUSPECT_SHARE = 0.4
"""From this share on D may be about to win: checkpoints are suspect."""
LEAST_SPREAD = 0.02
"""Least spread of the generator's images, as a share of the data's."""
FIRST_SPREAD_STEP = 500
"""First step, after the warm-up, at which the spread is checked."""
LOW_SPREAD_CHECKS = 3
"""This many consecutive checks with too low spread are a failure."""
RECENT_TESTS = 2
"""D has not won while one of this many latest running tests is the best."""
GAIN = 1.1
"""The spread is growing if it rose by this factor between two checks."""


class Guard(Action):
    """Checks for three kinds of failure.

    - Non-finite values: in a loss, or in a variable that is about to be
      saved.
    - A discriminator that has won: its loss is below `GanLoss.d_won_loss` at
      `D_WON_SHARE` of the latest steps, and none of the latest running tests
      has been the best so far.
    - A generator without variety: for fixed codes, `spread` is below
      `LEAST_SPREAD` of the data's and does not grow.

    Args:
        run: the run to watch.
        targets: images of the data, uint8 `[n, height, width, channels]`.
    """

    def __init__(self, run: Run, targets: np.ndarray):
        super().__init__(run, run.config.guard_every_steps)
        self.codes = run.gan.codes(SAMPLES)
        self.data_spread = spread(to_unit(targets))
        self._ignored = {
            _kind(failure)
            for failure in run.failures.failures
            if failure.action == "ignore"
        }
        run.gan.vitals.d_won_share.assign(run.state.d_won_share)

    def due(self, step: int) -> bool:
        """Whether a check is due; one is also due before every save."""
        config = self.run.config
        saves = (config.test_every_steps, config.checkpoint_every_steps)
        kept = config.keep_every_steps
        return (
            super().due(step)
            or any(step % every == 0 for every in saves)
            or (kept > 0 and step % kept == 0)
        )

    def __call__(self, step: int) -> Record:
        """Records a failure if the run has failed."""
        vitals = self.run.gan.vitals
        self.run.state.d_won_share = float(vitals.d_won_share.numpy())
        failure = self._nonfinite(step)
        # Only at its own interval: saving more often must not change results.
        if failure is None and step % self.every_steps == 0:
            failure = self._check(step)
        if failure is None:
            return {}
        self.run.record_failure(failure)
        return {"failure": failure.cause}

    def _check(self, step: int) -> Failure | None:
        state = self.run.state
        low = self._low_spread(step)
        state.low_spread_checks = state.low_spread_checks + 1 if low else 0
        if not low and state.d_won_share < SUSPECT_SHARE:
            state.suspect_since = None
            return None
        state.suspect_since = state.suspect_since or step
        cause = self._d_won() or self._no_variety()
        if cause is None:
            return None
        since = state.suspect_since
        failure = Failure(
            cause=f"{cause}, since step {since:,}", since_step=since, step=step
        )
        if self.run.config.on_failure != "ignore":
            return failure
        return self._ignore(failure)

    def _nonfinite(self, step: int) -> Failure | None:
        first = int(self.run.gan.vitals.nonfinite_step.numpy())
        if first:
            cause = f"losses are not finite since step {first:,}"
            return Failure(cause=cause, since_step=first, step=step, fatal=True)
        name = nonfinite_variable(gan_parts(self.run.gan))
        if name is None:
            return None
        cause = f"{name} is not finite at step {step:,}"
        return Failure(cause=cause, since_step=step, step=step, fatal=True)

    def _low_spread(self, step: int) -> bool:
        """Whether the spread of G's images is too low and not growing."""
        config, state = self.run.config, self.run.state
        if step < FIRST_SPREAD_STEP + config.warmup_steps:
            return False
        with self.run.stopwatch.paused():
            samples = self.run.gan.sample(self.codes).numpy()
        found = spread(samples)
        growing = found > GAIN * state.last_spread
        state.last_spread = found
        return found < LEAST_SPREAD * self.data_spread and not growing

    def _d_won(self) -> str | None:
        state = self.run.state
        if state.d_won_share < D_WON_SHARE or self._improves():
            return None
        limit = self.run.gan.vitals.d_won_loss
        return (
            f"D has won: d_loss below {limit} at {state.d_won_share:.0%} of "
            "steps"
        )

    def _improves(self) -> bool:
        """Whether one of the latest tests, under suspicion, was the best."""
        state, config = self.run.state, self.run.config
        recent = state.step - RECENT_TESTS * config.test_every_steps
        improved = state.improved_step
        return improved is not None and (
            improved >= max(state.suspect_since, recent)
        )

    def _no_variety(self) -> str | None:
        state = self.run.state
        if state.low_spread_checks < LOW_SPREAD_CHECKS:
            return None
        share = state.last_spread / self.data_spread
        return (
            f"G has no variety: {share:.2%} of the data's spread over "
            f"{SAMPLES} codes"
        )

    def _ignore(self, failure: Failure) -> None:
        """Records a cause once; the run continues."""
        kind = _kind(failure)
        if kind not in self._ignored:
            self._ignored.add(kind)
            ignored = dataclasses.replace(failure, action="ignore")
            self.run.record_failure(ignored)


def _kind(failure: Failure) -> str:
    """A cause without its numbers."""
    return failure.cause.split(":")[0]


def spread(pictures: np.ndarray) -> float:
    """Mean over pixels of the standard deviation over images.

    Args:
        pictures: `[n, height, width, channels]` in [0, 1].
    """
    return float(np.mean(np.std(pictures, axis=0, dtype=np.float64)))

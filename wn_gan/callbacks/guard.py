"""Sees that a run has failed, and why."""

import dataclasses
from typing import Any

import numpy as np

from wn_gan import images
from wn_gan.callbacks.run import Run
from wn_gan.callbacks.sampling import SAMPLES
from wn_gan.callbacks.schedule import Action
from wn_gan.checkpoints import nonfinite_variable
from wn_gan.failures import Failure
from wn_gan.vitals import D_WON_LOSS

D_WON_SHARE = 0.8
"""Share of the latest steps with a loss below `D_WON_LOSS`: D has won."""
SUSPECT_SHARE = 0.4
"""The same: D may be about to win, a checkpoint is no longer a good one."""
LEAST_SPREAD = 0.02
"""Share of the data's spread that a generator's images must have..."""
FIRST_SPREAD_STEP = 500
"""...from this step after the warm-up on..."""
LOW_SPREAD_CHECKS = 3
"""...or lack at so many looks on end, without gaining."""


class Guard(Action):
    """Looks for three ways to fail, and names cause and steps.

    Values that are not finite: in a loss, or in a variable that is about to
    be saved. A discriminator that has won: its loss below `D_WON_LOSS` at
    `D_WON_SHARE` of the latest steps. A generator without variety: over
    codes that are fixed, the standard deviation of each pixel, in the mean,
    below `LEAST_SPREAD` of that of the data.

    Args:
        run: that it watches.
        targets: images of the data, uint8 `[n, height, width, channels]`.
    """

    on_stop = True

    def __init__(self, run: Run, targets: np.ndarray):
        """See the class."""
        super().__init__(run, run.config.guard_every_steps)
        self.codes = run.gan.codes(SAMPLES)
        self.data_spread = spread(images.to_unit(targets))
        self._ignored: set[str] = set()
        run.gan.vitals.d_won_share.assign(run.standing.d_won_share)

    def due(self, step: int) -> bool:
        """Also before anything is saved."""
        config = self.run.config
        saves = (config.test_every_steps, config.checkpoint_every_steps)
        kept = config.keep_every_steps
        return (
            super().due(step)
            or any(step % every == 0 for every in saves)
            or (kept > 0 and step % kept == 0)
        )

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Fails the run, if it has failed."""
        standing, vitals = self.run.standing, self.run.gan.vitals
        standing.d_won_share = float(vitals.d_won_share.numpy())
        failure = self._nonfinite(step)
        # At its own steps only: saving more often must change nothing.
        if failure is None and step % self.every_steps == 0:
            failure = self._look(step)
        if failure is not None:
            record["failure"] = failure.cause
            self.run.failed = True
            self.run.record_failure(failure)

    def _look(self, step: int) -> Failure | None:
        standing = self.run.standing
        low = self._low_spread(step)
        standing.low_spread_checks = (
            standing.low_spread_checks + 1 if low else 0
        )
        if not low and standing.d_won_share < SUSPECT_SHARE:
            standing.suspect_since = None
            return None
        standing.suspect_since = standing.suspect_since or step
        cause = self._d_won() or self._no_variety()
        if cause is None:
            return None
        since = standing.suspect_since
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
        name = nonfinite_variable(self.run.gan)
        if name is None:
            return None
        cause = f"{name} is not finite at step {step:,}"
        return Failure(cause=cause, since_step=step, step=step, fatal=True)

    def _low_spread(self, step: int) -> bool:
        """Whether G's images are too much alike, and no less than before."""
        config, standing = self.run.config, self.run.standing
        if step < FIRST_SPREAD_STEP + config.warmup_steps:
            return False
        with self.run.stopwatch.paused():
            samples = self.run.gan.sample(self.codes).numpy()
        found = spread(samples)
        gaining = found > 1.1 * standing.last_spread
        standing.last_spread = found
        return found < LEAST_SPREAD * self.data_spread and not gaining

    def _d_won(self) -> str | None:
        share = self.run.standing.d_won_share
        if share < D_WON_SHARE:
            return None
        return f"D has won: d_loss below {D_WON_LOSS} at {share:.0%} of steps"

    def _no_variety(self) -> str | None:
        standing = self.run.standing
        if standing.low_spread_checks < LOW_SPREAD_CHECKS:
            return None
        share = standing.last_spread / self.data_spread
        return (
            f"G has no variety: {share:.2%} of the data's spread over "
            f"{SAMPLES} codes"
        )

    def _ignore(self, failure: Failure) -> None:
        """Tells of a cause once, and goes on."""
        kind = failure.cause.split(":")[0]
        if kind not in self._ignored:
            self._ignored.add(kind)
            ignored = dataclasses.replace(failure, action="ignore")
            self.run.record_failure(ignored)


def spread(pictures: np.ndarray) -> float:
    """Mean over pixels of the standard deviation over images.

    Args:
        pictures: `[n, height, width, channels]` in [0, 1].
    """
    return float(np.mean(np.std(pictures, axis=0, dtype=np.float64)))

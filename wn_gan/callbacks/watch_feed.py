"""How long training waits for images, and which of them cannot be read."""

import time
from typing import Any

from wn_gan.callbacks.run import Run
from wn_gan.callbacks.schedule import Action
from wn_gan.data import Feed


class WatchFeed(Action):
    """Adds `data_wait_fraction` to the record; names images as they fail.

    The fraction is that of the training time since the last report in which
    a batch was asked for and not ready. (With `--steps_per_execution` above
    1 only the first batch of each call can be watched.)

    Args:
        run: that it acts on.
        feed: of the run.
    """

    def __init__(self, run: Run, feed: Feed):
        """See the class."""
        super().__init__(run, run.config.log_every_steps)
        self.feed = feed
        self._waited = self._asked = 0.0
        self._started = False
        self._told = 0
        self._since = run.stopwatch.training_seconds()

    def before_step(self, step: int) -> None:
        """A batch is about to be asked for."""
        self._asked = time.perf_counter()

    def after_step(self, step: int) -> None:
        """The batches up to this step have come."""
        first = step - self.run.config.steps_per_execution
        waited = self.feed.waited(first, self._asked)
        # The first call also traces the step before it asks for a batch.
        if self._started:
            self._waited += waited
        self._started = True

    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Adds the fraction, and tells what was skipped since."""
        now = self.run.stopwatch.training_seconds()
        record["data_wait_fraction"] = self._waited / (now - self._since)
        self._waited, self._since = 0.0, now
        skipped = list(self.feed.part.skipped.items())
        for name, reason in skipped[self._told :]:
            self.run.tell(f"skipped {name}: {reason}")
        self._told = len(skipped)

"""Measures the wait for images, and names unreadable images."""

import contextlib
import time
from collections.abc import Iterator

from wn_gan.data import Feed
from wn_gan.train.schedule import Action, Record
from wn_gan.train.state import Run


class WatchFeed(Action):
    """Records `data_wait_fraction`; names images that cannot be read.

    The fraction is the share of the training time since the last report that
    was spent waiting for a batch. In a call of several steps the wait for the
    first batch is measured, and stands for the others.

    Args:
        run: the run to act on.
        feed: feed of the run.
    """

    def __init__(self, run: Run, feed: Feed):
        super().__init__(run, run.config.log_every_steps)
        self.feed = feed
        self._waited = 0.0
        self._started = False
        self._told = 0
        self._since = run.stopwatch.training_seconds()

    @contextlib.contextmanager
    def steps(self, count: int = 1) -> Iterator[None]:
        """Measures the wait for data of the training steps inside.

        Args:
            count: number of steps in the call.
        """
        first, asked = self.run.state.step, time.perf_counter()
        yield
        waited = self.feed.waited(first, asked)
        # The first call also traces the step before it asks for a batch.
        if self._started:
            self._waited += waited * count
        self._started = True

    def __call__(self, step: int) -> Record:
        """Records the fraction; names images skipped since the last call."""
        now = self.run.stopwatch.training_seconds()
        fraction = min(self._waited / (now - self._since), 1.0)
        self._waited, self._since = 0.0, now
        skipped = list(self.feed.part.skipped.items())
        for name, reason in skipped[self._told :]:
            self.run.say(f"skipped {name}: {reason}")
        self._told = len(skipped)
        return {"data_wait_fraction": fraction}

"""What happens between training steps, and in which order."""

import abc
from collections.abc import Sequence
from typing import Any

import keras

from wn_gan.callbacks.run import Run
from wn_gan.signals import StopRequest


class Action(abc.ABC):
    """Something that is due every so many steps, and at the last one.

    Args:
        run: that it acts on.
        every_steps: interval.
    """

    on_stop = False
    """Whether it is due as well when the run is asked to stop."""
    on_failure = False
    """Whether it is due when the run has failed; then only such are."""

    def __init__(self, run: Run, every_steps: int):
        """See the class."""
        self.run = run
        self.every_steps = every_steps

    def due(self, step: int) -> bool:
        """Whether it is the step's turn."""
        last = step == self.run.config.train_steps
        return last or step % self.every_steps == 0

    def before_step(self, step: int) -> None:  # noqa: B027
        """Called before a step begins, with the number of those done."""

    def after_step(self, step: int) -> None:  # noqa: B027
        """Called after every step, before the actions that are due."""

    @abc.abstractmethod
    def __call__(
        self, step: int, logs: dict[str, Any], record: dict[str, Any]
    ) -> None:
        """Acts on a step.

        Args:
            step: steps done so far.
            logs: what the training step returned.
            record: of this step; an action may add to it.
        """


class Schedule(keras.callbacks.Callback):
    """Runs the actions after each step, in order; stops when asked.

    The one Keras callback of a run. A record of the step goes from action to
    action, so that its line in metrics.jsonl is written once, complete, and
    before the checkpoint that vouches for it.

    Args:
        run: in training.
        actions: in their order.
        stop: asked after every step.
    """

    def __init__(self, run: Run, actions: Sequence[Action], stop: StopRequest):
        """See the class."""
        super().__init__()
        self.run = run
        self.actions = actions
        self.stop = stop
        self.first_step = run.standing.step

    def on_train_batch_begin(self, batch: int, logs: Any = None):
        """See `keras.callbacks.Callback`."""
        for action in self.actions:
            action.before_step(self.first_step + batch)

    def on_train_batch_end(self, batch: int, logs: Any = None):
        """See `keras.callbacks.Callback`."""
        step = self.first_step + batch + 1
        self.run.standing.step = step
        for action in self.actions:
            action.after_step(step)
        stopping = self.stop.signal is not None
        record: dict[str, Any] = {}
        for action in self.actions:
            if self._due(action, step, stopping):
                action(step, logs, record)
        self.run.progress.step(step)
        if stopping or self.run.failed:
            self.model.stop_training = True

    def _due(self, action: Action, step: int, stopping: bool) -> bool:
        if self.run.failed:
            return action.on_failure
        return action.due(step) or (stopping and action.on_stop)

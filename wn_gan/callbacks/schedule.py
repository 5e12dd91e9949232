"""What happens between training steps, and in which order."""

import abc
from collections.abc import Sequence
from typing import Any

from wn_gan.callbacks.run import Run


class Action(abc.ABC):
    """Something that is due every so many steps, and at the last one.

    Args:
        run: that it acts on.
        every_steps: interval.
    """

    on_stop = False
    """Whether it is due as well when the run is asked to stop."""
    on_interrupt = False
    """Whether it is done when another action of the step is interrupted."""
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


class Interrupted(Exception):
    """The run was asked to stop while something was due that takes long."""


class Schedule:
    """Runs the actions after each step, in order.

    A record of the step goes from action to action, so that its line in
    metrics.jsonl is written once, complete, and before the checkpoint that
    vouches for it.

    Args:
        run: in training; its standing says the step.
        actions: in their order.
    """

    def __init__(self, run: Run, actions: Sequence[Action]):
        """See the class."""
        self.run = run
        self.actions = actions

    def before_step(self) -> None:
        """To be called before a step."""
        for action in self.actions:
            action.before_step(self.run.standing.step)

    def after_step(self, logs: dict[str, Any], stopping: bool = False) -> None:
        """To be called after a step.

        Args:
            logs: what the step returned.
            stopping: whether the run will stop here.

        Raises:
            Interrupted: where an action was; the step is saved as one after
                which everything is still to be done.
        """
        step = self.run.standing.step
        self.run.standing.unreported = None
        for action in self.actions:
            action.after_step(step)
        record: dict[str, Any] = {}
        before = vars(self.run.standing).copy()
        try:
            for action in self.actions:
                if self._due(action, step, stopping):
                    action(step, logs, record)
        except Interrupted:
            vars(self.run.standing).update(before)
            self._save_unreported(step, logs)
            raise
        if self.run.progress is not None:
            self.run.progress.step(step)

    def _save_unreported(self, step: int, logs: dict[str, Any]) -> None:
        numbers = {name: float(value) for name, value in logs.items()}
        self.run.standing.unreported = numbers
        for action in self.actions:
            if action.on_interrupt:
                action(step, logs, {})

    def _due(self, action: Action, step: int, stopping: bool) -> bool:
        if self.run.failed:
            return action.on_failure
        return action.due(step) or (stopping and action.on_stop)

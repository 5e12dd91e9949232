"""The work between training steps: guard, actions, report, checkpoint."""

import abc
import dataclasses
import enum
from collections.abc import Sequence
from typing import Any

from wn_gan.train.state import Run

Record = dict[str, Any]


class Outcome(enum.Enum):
    """How training ended."""

    FINISHED = "all steps are done"
    STOPPED = "a signal asked to stop; all is saved"
    FAILED = "the guard saw a failure; it is recorded"


class Interrupted(Exception):
    """A stop was requested during a long action."""


class Action(abc.ABC):
    """Work that is due at an interval of steps, and at the last step.

    Calling it returns values to record for the step. Actions do not see each
    other's records, so their order does not matter.

    Args:
        run: the run to act on.
        every_steps: interval in steps.
    """

    def __init__(self, run: Run, every_steps: int):
        self.run = run
        self.every_steps = every_steps

    def due(self, step: int) -> bool:
        """Whether the action is due after a step."""
        last = step == self.run.config.train_steps
        return last or step % self.every_steps == 0

    @abc.abstractmethod
    def __call__(self, step: int) -> Record:
        """Acts after a step.

        Args:
            step: steps done so far.

        Returns:
            Numbers for the step's line in metrics.jsonl.

        Raises:
            Interrupted: if a stop was requested during the action.
        """


@dataclasses.dataclass
class Schedule:
    """Everything that happens after a step.

    The guard runs first: after a failure nothing else is done except the
    report. The records of all actions are reported in one line, before the
    checkpoint is saved: each checkpoint then has its line.

    Attributes:
        run: the run in training.
        guard: returns `{"failure": cause}` if the run has failed.
        actions: actions in any order.
        report: takes step, logs and record; None if another worker writes.
        save: takes the step; None if another worker writes.
    """

    run: Run
    guard: Action
    actions: Sequence[Action]
    report: Any = None
    save: Any = None

    def after_step(
        self, logs: dict[str, Any], stopping: bool = False
    ) -> Outcome | None:
        """Does the work that is due after a step.

        Args:
            logs: results of the step.
            stopping: whether a stop was requested.

        Returns:
            How training ended; None if it continues.
        """
        state, steps = self.run.state, self.run.config.train_steps
        step, before = state.step, dataclasses.replace(state)
        state.unreported = None
        if stopping or self.guard.due(step):
            failure = self.guard(step)
            if failure:
                self._report(step, logs, failure)
                return Outcome.FAILED
        try:
            record = self._record(step)
        except Interrupted:
            state.set_to(before)
            numbers = {name: float(value) for name, value in logs.items()}
            state.unreported = numbers
            self._save(step)
            return Outcome.STOPPED
        if self.report is not None and self.report.due(step):
            self._report(step, logs, record)
        if self.save is not None and (stopping or self.save.due(step)):
            self._save(step)
        if self.run.progress is not None:
            self.run.progress.move_to(step)
        if step >= steps:
            return Outcome.FINISHED
        return Outcome.STOPPED if stopping else None

    def _record(self, step: int) -> Record:
        record: Record = {}
        for action in self.actions:
            if action.due(step):
                record |= action(step)
        return record

    def _report(self, step: int, logs: dict[str, Any], record: Record) -> None:
        if self.report is not None:
            self.report(step, logs, record)

    def _save(self, step: int) -> None:
        if self.save is not None:
            self.save(step)

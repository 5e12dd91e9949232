"""The state that the parts of a training run share."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from wn_gan.config import Config
from wn_gan.distribution import is_chief
from wn_gan.gan.model import GAN
from wn_gan.images import enlarged, save_png
from wn_gan.progress import Progress
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.failures import Failure, FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.train.signals import StopRequest
from wn_gan.train.tensorboard_log import TensorBoardLog


class Stopwatch:
    """Measures wall time, and training time (wall time without pauses)."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._paused = 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Excludes the time inside from the training time."""
        start = time.perf_counter()
        yield
        self._paused += time.perf_counter() - start

    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def training_seconds(self) -> float:
        """Seconds since the start, without the pauses."""
        return self.wall_seconds() - self._paused


@dataclasses.dataclass
class TrainState:
    """Training progress, saved in every checkpoint.

    Attributes:
        step: steps done.
        best_step: step of the lowest running-test loss, or None.
        best_loss: that loss, or None.
        improved_step: last step at which a running test was better than all
            earlier ones; None if there is none. The first test never counts.
        running_test: what these losses are of: images and search; None in a
            checkpoint of an earlier version.
        seconds: wall time, including earlier processes of the run.
        d_won_share: see `Vitals`.
        low_spread_checks: number of latest consecutive checks at which the
            spread of G's images was too low.
        last_spread: spread of G's images at the last check.
        suspect_since: first step of the latest consecutive checks that found
            signs of a failure; None if the last check found none.
        unreported: results of the last step if the run was stopped before
            the work due after that step was done; else None.
    """

    step: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    improved_step: int | None = None
    running_test: str | None = None
    seconds: float = 0.0
    d_won_share: float = 0.0
    low_spread_checks: int = 0
    last_spread: float = 0.0
    suspect_since: int | None = None
    unreported: dict[str, float] | None = None

    @classmethod
    def of_checkpoint(cls, metadata: Mapping[str, Any]) -> "TrainState":
        """Returns the state in a checkpoint's metadata."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{k: v for k, v in metadata.items() if k in names})

    def begin_tests(self, running_test: str, earlier: str | None) -> None:
        """Forgets the best loss if it is one of other images or searches.

        Args:
            running_test: what the next losses are of.
            earlier: what those are of that do not say so.
        """
        if (self.running_test or earlier) != running_test:
            self.best_step = self.best_loss = self.improved_step = None
        self.running_test = running_test

    def set_to(self, other: "TrainState") -> None:
        """Copies all values of another state."""
        vars(self).update(vars(other))


@dataclasses.dataclass
class Run:
    """A training run, as its actions see it.

    Attributes:
        config: config of this attempt: seed and D's learning rate may differ
            from the run's.
        gan: the GAN in training.
        folder: folder of the run.
        checkpoints: checkpoints of the run.
        state: training progress, updated by the actions.
        failures: failures of the run.
        strategy: strategy of the training.
        tensorboard: event files of the run; None except on the chief.
        progress: live line on the terminal; None except on the chief.
        stop: checked after every step.
        stopwatch: times of this process.
    """

    config: Config
    gan: GAN
    folder: RunFolder
    checkpoints: Checkpoints
    state: TrainState
    failures: FailureLog
    strategy: tf.distribute.Strategy
    tensorboard: TensorBoardLog | None = None
    progress: Progress | None = None
    stop: StopRequest = dataclasses.field(default_factory=StopRequest)
    stopwatch: Stopwatch = dataclasses.field(default_factory=Stopwatch)

    @property
    def chief(self) -> bool:
        """Whether this process writes the files; only one worker does."""
        return is_chief(self.strategy)

    def say(self, text: str) -> None:
        """Prints a line; does nothing except on the chief."""
        if self.progress is not None:
            self.progress.message(text)

    def record_failure(self, failure: Failure) -> None:
        """Records the failure in the log, on the terminal and TensorBoard."""
        if not self.chief:
            return
        self.failures.add(failure)
        self.say(f"failure at step {failure.step:,}: {failure}")
        self.tensorboard.text(failure.step, "failures", str(failure))

    def show(self, step: int, kind: str, picture: np.ndarray) -> None:
        """Writes `<kind>/step_<8 digits>.png`, enlarged, and to TensorBoard.

        Args:
            step: step of the picture.
            kind: "samples" or "reconstructions".
            picture: uint8 `[height, width, channels]`.
        """
        if not self.chief:
            return
        caption = f"{self.folder.path.name}, step {step:,}: {kind}"
        path = self.folder.picture(kind, step)
        save_png(enlarged(picture), path, caption)
        self.tensorboard.image(step, kind, picture)

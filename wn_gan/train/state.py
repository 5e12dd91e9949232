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
from wn_gan.images import save_png
from wn_gan.progress import Progress
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.failures import Failure, FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.train.signals import StopRequest
from wn_gan.train.tensorboard_log import TensorBoardLog


class Stopwatch:
    """Wall time, and training time: wall time without the pauses."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._paused = 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Time inside does not count as training."""
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
        improved_step: last step whose running test was better than all
            before it, of which there was one; or None.
        seconds: wall time, earlier processes of the run included.
        d_won_share: see `Vitals`.
        low_spread_checks: consecutive checks that found G without variety.
        last_spread: of G's images at the last check.
        suspect_since: step of the first of the guard's consecutive checks
            that found signs of a failure; None if the last one found none.
        unreported: what the last step returned, where the run was stopped
            before everything due after it was done; else None.
    """

    step: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    improved_step: int | None = None
    seconds: float = 0.0
    d_won_share: float = 0.0
    low_spread_checks: int = 0
    last_spread: float = 0.0
    suspect_since: int | None = None
    unreported: dict[str, float] | None = None

    @classmethod
    def of_checkpoint(cls, metadata: Mapping[str, Any]) -> "TrainState":
        """The state in a checkpoint's metadata."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{k: v for k, v in metadata.items() if k in names})

    def set_to(self, other: "TrainState") -> None:
        """Takes over all values of another state."""
        vars(self).update(vars(other))


@dataclasses.dataclass
class Run:
    """A training run, as its actions see it.

    Attributes:
        config: of this attempt: seed and D's rate may differ from the run's.
        gan: in training.
        folder: of the run.
        checkpoints: of the run.
        state: kept up to date by the actions.
        failures: of the run.
        strategy: it is trained under.
        tensorboard: of the run; the chief has one.
        progress: live line of the terminal; the chief has one.
        stop: asked after every step.
        stopwatch: of this process.
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
        """Whether this process writes: one of several workers does."""
        return is_chief(self.strategy)

    def say(self, text: str) -> None:
        """Prints a line, on the chief."""
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
        """Writes `<kind>/step_<8 digits>.png`, and shows it in TensorBoard.

        Args:
            step: that it belongs to.
            kind: "samples" or "reconstructions".
            picture: uint8 `[height, width, channels]`.
        """
        if not self.chief:
            return
        save_png(picture, self.folder.path / kind / f"step_{step:08}.png")
        self.tensorboard.image(step, kind, picture)

"""What the parts of a running training share."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from wn_gan import images
from wn_gan.checkpoints import Checkpoints
from wn_gan.config import Config
from wn_gan.distribution import is_chief
from wn_gan.failures import Failure, FailureLog
from wn_gan.model import GAN
from wn_gan.progress import TrainingProgress
from wn_gan.run_folder import RunFolder
from wn_gan.signals import StopRequest
from wn_gan.tensorboard_log import TensorBoardLog


class Stopwatch:
    """Wall time, and training time: the same without the pauses."""

    def __init__(self) -> None:
        """Starts at once."""
        self._start = time.perf_counter()
        self._paused = 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside is not training."""
        start = time.perf_counter()
        yield
        self._paused += time.perf_counter() - start

    def wall_seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._start

    def training_seconds(self) -> float:
        """Since the start, without the pauses."""
        return self.wall_seconds() - self._paused


@dataclasses.dataclass
class Standing:
    """How a run stands; its checkpoints carry it.

    Attributes:
        step: steps done.
        best_step: step of the lowest running-test loss, or None.
        best_loss: that loss, or None.
        seconds: wall time, earlier processes of the run included.
        d_won_share: see `Vitals`.
        low_spread_checks: how many checks on end found G without variety.
        last_spread: of G's images at the last check.
        suspect_since: step of the guard's first look of those on end that
            found signs of a failure; None if the last one found none.
        unreported: what the last step returned, where the run was stopped
            before all was done that is due after it; else None.
    """

    step: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    seconds: float = 0.0
    d_won_share: float = 0.0
    low_spread_checks: int = 0
    last_spread: float = 0.0
    suspect_since: int | None = None
    unreported: dict[str, float] | None = None


@dataclasses.dataclass
class Run:
    """A training run, as its actions see it.

    Attributes:
        config: of this attempt: seed and D's rate may differ from the run's.
        gan: in training.
        folder: of the run.
        checkpoints: of the run.
        standing: kept up to date by the actions.
        failures: of the run.
        strategy: it is trained under.
        tensorboard: of the run; the chief has one.
        progress: what the terminal shows; the chief has one.
        stop: asked after every step.
        failed: whether the attempt has ended in a failure.
        stopwatch: of this process.
    """

    config: Config
    gan: GAN
    folder: RunFolder
    checkpoints: Checkpoints
    standing: Standing
    failures: FailureLog
    strategy: tf.distribute.Strategy
    tensorboard: TensorBoardLog | None = None
    progress: TrainingProgress | None = None
    stop: StopRequest = dataclasses.field(default_factory=StopRequest)
    failed: bool = False
    stopwatch: Stopwatch = dataclasses.field(default_factory=Stopwatch)

    @property
    def chief(self) -> bool:
        """Whether this process writes: one of several workers does."""
        return is_chief(self.strategy)

    def tell(self, text: str) -> None:
        """Shows a line."""
        if self.progress is not None:
            self.progress.message(text)

    def record_failure(self, failure: Failure) -> None:
        """Writes it down, wherever people look."""
        if not self.chief:
            return
        self.failures.add(failure)
        self.tell(f"failure at step {failure.step:,}: {failure}")
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
        path = self.folder.path / kind / f"step_{step:08}.png"
        images.save_png(picture, path)
        self.tensorboard.image(step, kind, picture)

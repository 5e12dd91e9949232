"""Decides whether XLA compiles the training step, by a timed trial."""

import dataclasses
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.data import Split, batches, feed_of
from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.errors import bad_flag
from wn_gan.files import write_json
from wn_gan.gan.building import build_gan
from wn_gan.gan.model import GAN
from wn_gan.runs.json_files import read_json
from wn_gan.train.loop import TrainingLoop

ROUNDS = 5
STEPS_PER_ROUND = 4


@dataclasses.dataclass(frozen=True)
class Trial:
    """Times of the step with and without XLA, in seconds.

    Attributes:
        plain_step: a step without XLA.
        xla_step: a step with XLA; None if XLA cannot compile it.
        compile: what the first step with XLA takes longer than the first
            without.
    """

    plain_step: float
    xla_step: float | None = None
    compile: float = 0.0

    def pays(self, steps: int) -> bool:
        """Whether XLA saves time in this many steps, compiling included."""
        if self.xla_step is None:
            return False
        return steps * (self.plain_step - self.xla_step) > self.compile

    def __str__(self) -> str:
        """For example "0.0310 s a step with XLA, 0.0350 s without"."""
        if self.xla_step is None:
            return "XLA cannot compile this step"
        return (
            f"{self.xla_step:.4f} s a step with XLA, {self.plain_step:.4f} s "
            f"without, {self.compile:.0f} s to compile"
        )


def uses_xla(
    config: Config, split: Split, path: Path, strategy: tf.distribute.Strategy
) -> tuple[bool, str | None]:
    """Whether to compile the step: as told, as recorded, or by a trial.

    All workers call it together; the chief's trial decides.

    Args:
        config: config of the run.
        split: split of its images.
        path: JSON file of the decision; written if it is missing, or of
            another number of devices, and the config says "auto".
        strategy: strategy of the training; call this in its scope.

    Returns:
        Whether to compile, and a line on the trial if there was one.
    """
    if config.jit_compile != "auto" or not may_compile(config):
        return config.jit_compile == "true", None
    line, replicas = None, strategy.num_replicas_in_sync
    known = read_json(path) or {}
    wait_for_all(strategy)  # all have read; the chief may write
    if known.get("replicas", 1 if known else None) != replicas:
        trial = try_xla(config, split, strategy)
        on = trial.pays(config.train_steps)
        line = f"--jit_compile=auto: {str(on).lower()} ({trial})"
        if is_chief(strategy):
            record = dataclasses.asdict(trial)
            decision = {"jit_compile": on, "replicas": replicas}
            write_json(path, decision | {"seconds": record})
    wait_for_all(strategy)
    return bool(read_json(path)["jit_compile"]), line


def check_xla(config: Config, strategy: tf.distribute.Strategy) -> None:
    """Refuses what XLA cannot compile: a step over several CPU devices.

    Args:
        config: config of the run.
        strategy: strategy of the training.

    Raises:
        UserError: naming the flag.
    """
    several = strategy.num_replicas_in_sync > 1
    if config.jit_compile == "true" and several and not _gpus():
        raise bad_flag(
            "jit_compile",
            config.jit_compile,
            "XLA cannot compile a step over several CPU devices: must be auto "
            "or false with them",
        )


def _gpus() -> list:
    return tf.config.list_physical_devices("GPU")


def may_compile(config: Config) -> bool:
    """Whether "auto" may choose XLA, which changes the last digits."""
    return not (config.deterministic or config.bfloat16_convolutions)


def try_xla(
    config: Config, split: Split, strategy: tf.distribute.Strategy
) -> Trial:
    """Times training steps of a GAN of its own, with and without XLA."""
    gan = build_gan(config, split.image_set.image_shape)
    feed = feed_of(config, split)
    with feed.naming_errors():
        stream = iter(batches(config, feed, 0, strategy))
        return _trial(gan, stream, strategy)


def _trial(
    gan: GAN, stream: Iterator, strategy: tf.distribute.Strategy
) -> Trial:
    plain = TrainingLoop(gan, strategy)
    plain_first = _seconds(plain, stream, 1)
    xla = TrainingLoop(gan, strategy, jit_compile=True)
    try:
        xla_first = _seconds(xla, stream, 1)
    except (tf.errors.OpError, ValueError):
        return Trial(_seconds(plain, stream, STEPS_PER_ROUND))
    times = [
        (
            _seconds(plain, stream, STEPS_PER_ROUND),
            _seconds(xla, stream, STEPS_PER_ROUND),
        )
        for _ in range(ROUNDS)
    ]
    medians = (statistics.median(each) for each in zip(*times, strict=True))
    return Trial(*medians, compile=max(xla_first - plain_first, 0.0))


def _seconds(loop: TrainingLoop, stream: Iterator, steps: int) -> float:
    """Mean time of a step."""
    start = time.perf_counter()
    for _ in range(steps):
        results, _ = loop(stream)
    results["g_loss"].numpy()
    return (time.perf_counter() - start) / steps

"""Training steps under any strategy.

The loop replaces `keras.Model.fit`, which fails under
MultiWorkerMirroredStrategy in Keras 3 (keras-team/keras#20585). It is the same
for all strategies and both Keras versions. A test fails once Keras is fixed.
"""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.distribution import num_workers
from wn_gan.gan.model import GAN
from wn_gan.train.onednn import bfloat16_convolutions

STEPS_PER_CALL = 10
"""Steps per call into TensorFlow where a step is small."""
SMALL_STEP_PIXELS = 32 * 32 * 32
"""A step is small up to this many pixels: below, the host's share counts."""


def most_steps_per_call(config: Config, image_shape: tuple[int, ...]) -> int:
    """The largest number of steps in one call into TensorFlow.

    A call cannot be stopped, so a long step has one of its own.

    Args:
        config: config of the run.
        image_shape: height, width and channels.
    """
    if config.steps_per_execution is not None:
        return config.steps_per_execution
    pixels = config.batch_size * image_shape[0] * image_shape[1]
    return STEPS_PER_CALL if pixels <= SMALL_STEP_PIXELS else 1


class TrainingLoop:
    """Calls `train_step` on every replica.

    Args:
        gan: the GAN, compiled in the strategy's scope.
        strategy: strategy of the training.
        jit_compile: whether to compile the step with XLA.
        bfloat16: whether the step computes convolutions in bfloat16; see
            `onednn.bfloat16_convolutions`.
    """

    def __init__(
        self,
        gan: GAN,
        strategy: tf.distribute.Strategy,
        jit_compile: bool = False,
        bfloat16: bool = False,
    ):
        self.strategy = strategy
        self.bfloat16 = bfloat16
        self._alone = num_workers(strategy) == 1
        step = tf.function(gan.train_step, jit_compile=jit_compile)

        def call(iterator, steps, stop):
            for _ in tf.range(steps - 1):
                strategy.run(step, (next(iterator),))
            results = strategy.run(step, (next(iterator),))
            return results, strategy.run(self._any, (stop,))

        self._call = tf.function(call)

    def _any(self, stop: tf.Tensor) -> tf.Tensor:
        """Counts the workers that ask to stop: all must stop together."""
        if self._alone:
            return stop
        replica = tf.distribute.get_replica_context()
        here = tf.identity(stop)  # on this replica's device
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, here)

    def __call__(
        self, iterator: Iterator, steps: int = 1, stop: bool = False
    ) -> tuple[dict[str, Any], bool]:
        """Runs the next steps.

        Args:
            iterator: iterator over the distributed batches.
            steps: number of steps.
            stop: whether this worker asks to stop.

        Returns:
            Results of the last step, and whether any worker asks to stop.
        """
        asked = tf.constant(float(stop))
        with bfloat16_convolutions(self.bfloat16):
            results, stops = self._call(iterator, tf.constant(steps), asked)
        local = self.strategy.experimental_local_results
        results = {name: local(value)[0] for name, value in results.items()}
        if self._alone:
            return results, stop
        return results, float(local(stops)[0]) > 0

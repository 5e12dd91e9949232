"""Training steps under any strategy.

The loop takes the place of `keras.Model.fit`, which Keras 3 breaks under
MultiWorkerMirroredStrategy (keras-team/keras#20585): this is the one place
that works around it, for all strategies alike, on both stacks. A test fails
when Keras is mended.
"""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from wn_gan.distribution import num_workers
from wn_gan.gan.model import GAN


class TrainingLoop:
    """Calls `train_step` on every replica.

    Args:
        gan: compiled in the strategy's scope.
        strategy: to train under.
        steps_per_execution: steps of one call.
        jit_compile: whether to compile the step with XLA.
    """

    def __init__(
        self,
        gan: GAN,
        strategy: tf.distribute.Strategy,
        steps_per_execution: int = 1,
        jit_compile: bool = False,
    ):
        self.strategy = strategy
        self._alone = num_workers(strategy) == 1
        step = tf.function(gan.train_step, jit_compile=jit_compile)

        def call(iterator, stop):
            for _ in tf.range(steps_per_execution - 1):
                strategy.run(step, (next(iterator),))
            results = strategy.run(step, (next(iterator),))
            return results, strategy.run(self._any, (stop,))

        self._call = tf.function(call)

    def _any(self, stop: tf.Tensor) -> tf.Tensor:
        """How many workers ask to stop: all of them must do so at once."""
        if self._alone:
            return stop
        replica = tf.distribute.get_replica_context()
        here = tf.identity(stop)  # on this replica's device
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, here)

    def __call__(
        self, iterator: Iterator, stop: bool = False
    ) -> tuple[dict[str, Any], bool]:
        """The next `steps_per_execution` steps.

        Args:
            iterator: of the distributed batches.
            stop: whether this worker asks to stop.

        Returns:
            What the last step returned, and whether any worker asks to stop.
        """
        asked = tf.constant(float(stop))
        results, stops = self._call(iterator, asked)
        local = self.strategy.experimental_local_results
        results = {name: local(value)[0] for name, value in results.items()}
        if self._alone:
            return results, stop
        return results, float(local(stops)[0]) > 0

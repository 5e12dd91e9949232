"""Signs of a failing run, counted inside the training step."""

from collections.abc import Mapping

import tensorflow as tf

MEMORY = 0.995
"""Decay per step of `d_won_share`: it averages about 200 steps."""


class Vitals(tf.Module):
    """Signs of failure over all steps; infrequent reads miss no step.

    Args:
        d_won_loss: D has won a step if its loss is below; None if it cannot
            win; see `losses.GanLoss`.

    Attributes:
        nonfinite_step: first step, counted from 1, with non-finite losses
            or logits; 0 for none.
        d_won_share: share of steps that D has won, a moving average with
            decay `MEMORY`; it rises from 0 to above 0.8 in 322 such steps.
    """

    def __init__(self, d_won_loss: float | None):
        super().__init__()
        self.d_won_loss = d_won_loss
        self.nonfinite_step, self.d_won_share = (
            tf.Variable(
                0,
                trainable=False,
                dtype=dtype,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for dtype in (tf.int64, tf.float32)
        )

    def update(self, step: tf.Tensor, results: Mapping[str, tf.Tensor]) -> None:
        """Counts a step.

        Args:
            step: number of the step, from 1.
            results: results of the training step, over all replicas.
                Gradient norms are ignored: they may be infinite under a
                float16 loss scale.
        """
        seen = [
            results[name]
            for name in ("d_loss", "g_loss", "real_logits", "fake_logits")
        ]
        finite = tf.reduce_all(tf.math.is_finite(tf.stack(seen)))
        first = tf.logical_and(~finite, self.nonfinite_step == 0)
        self.nonfinite_step.assign(tf.where(first, step, self.nonfinite_step))
        if self.d_won_loss is not None:
            won = tf.cast(results["d_loss"] < self.d_won_loss, tf.float32)
            share = MEMORY * self.d_won_share + (1 - MEMORY) * won
            self.d_won_share.assign(share)

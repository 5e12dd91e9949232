"""Signs of a failing run, counted inside the training step."""

from collections.abc import Mapping

import tensorflow as tf

MEMORY = 0.995
"""Decay per step of the share of such steps: it looks back 200 steps."""


class Vitals(tf.Module):
    """Counts over all steps: reading them now and then misses no step.

    Args:
        d_won_loss: D's loss below which it has won a step; None where it
            cannot win; see `losses.GanLoss`.

    Attributes:
        nonfinite_step: the first step, counted from 1, whose losses or
            logits were not finite; 0 for none.
        d_won_share: share of the latest steps, by `MEMORY`, at which D's
            loss was below `d_won_loss`; from 0 it is above 0.8 after 322.
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
            step: its number, from 1.
            results: what the training step returns, over all replicas.
                Gradient norms may be infinite for a step under a float16
                loss scale; they are not looked at.
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

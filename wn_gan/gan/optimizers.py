"""The authors' RMSProp and a linear warm-up."""

import math
from typing import Any

import keras
import tensorflow as tf

from wn_gan import keras_compat


@keras.saving.register_keras_serializable(package="wn_gan")
class RMSProp(keras.optimizers.RMSprop):
    """RMSProp with epsilon *outside* the root, as in the authors' code.

    `v <- rho * v + (1 - rho) * g^2; w <- w - lr * g / (sqrt(v) + epsilon)`.
    `keras.optimizers.RMSprop` computes `g / sqrt(v + epsilon)`. It moves
    weights with small gradients far more slowly.

    Args:
        learning_rate: a number or a `LearningRateSchedule`.
        rho: decay of the mean square.
        epsilon: added outside the root.
        **kwargs: as for `keras.optimizers.Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-4,
        rho: float = 0.9,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, rho=rho, epsilon=epsilon, **kwargs)

    def update_step(self, gradient, variable, learning_rate=None):
        if learning_rate is None:  # Keras 2.15 does not pass it
            learning_rate = self.learning_rate
        velocity = keras_compat.rmsprop_velocity(self, variable)
        velocity.assign(self.rho * velocity)
        # Adagrad's kernel does the rest in one pass. It adds its gradient's
        # square to the decayed mean, so it takes the gradient by `scale`.
        scale = math.sqrt(1 - self.rho)
        tf.raw_ops.ResourceApplyAdagradV2(
            var=variable.handle,
            accum=velocity.handle,
            lr=tf.cast(learning_rate, gradient.dtype) / scale,
            epsilon=tf.cast(self.epsilon, gradient.dtype),
            grad=gradient * scale,
        )


@keras.saving.register_keras_serializable(package="wn_gan")
class LinearWarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to `learning_rate` over `warmup_steps`, then stays there.

    The rate of update n (counted from 0) is
    `learning_rate * min(1, (n + 1) / warmup_steps)`.
    """

    def __init__(self, learning_rate: float, warmup_steps: int):
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        done = (tf.cast(step, tf.float32) + 1) / self.warmup_steps
        return self.learning_rate * tf.minimum(1.0, done)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "learning_rate": self.learning_rate,
            "warmup_steps": self.warmup_steps,
        }


def build_optimizer(
    name: str,
    learning_rate: float,
    warmup_steps: int = 0,
    ema_decay: float = 0.0,
) -> keras.optimizers.Optimizer:
    """Builds the optimizer of a training run.

    Args:
        name: "rmsprop" (the authors', epsilon 1e-6 outside the root) or
            "adam" (beta_1 0.5 as in Radford et al. 2015, arXiv:1511.06434).
        learning_rate: learning rate after the warm-up.
        warmup_steps: updates of linear warm-up, 0 for none.
        ema_decay: decay of the optimizer's moving average of the weights (see
            `keras_compat.moving_averages`); 0 for none.

    Raises:
        ValueError: for an unknown name.
    """
    rate = (
        LinearWarmUp(learning_rate, warmup_steps)
        if warmup_steps
        else learning_rate
    )
    average = {"use_ema": True, "ema_momentum": ema_decay} if ema_decay else {}
    if name == "rmsprop":
        return RMSProp(rate, **average)
    if name == "adam":
        return keras.optimizers.Adam(rate, beta_1=0.5, **average)
    raise ValueError(f"name must be 'rmsprop' or 'adam', got {name!r}")

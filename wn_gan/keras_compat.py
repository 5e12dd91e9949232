"""The differences of Keras 2.15 and Keras 3, and its private attributes.

Everything else in the package uses only what both versions share, so the same
source runs on TensorFlow 2.15 (with tensorflow-addons) and on TensorFlow 2.21.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

KERAS_3 = keras.__version__.startswith("3.")

if KERAS_3:
    LossScaleOptimizer = keras.optimizers.LossScaleOptimizer
else:
    LossScaleOptimizer = keras.mixed_precision.LossScaleOptimizer


def add_float32_weight(layer: keras.layers.Layer, **kwargs: Any) -> Any:
    """Adds a weight that mixed precision does not cast on reading.

    Args:
        layer: the layer to add the weight to.
        **kwargs: as for `keras.layers.Layer.add_weight`.
    """
    key = "autocast" if KERAS_3 else "experimental_autocast"
    return layer.add_weight(**kwargs, **{key: False})


def add_statistic(layer: keras.layers.Layer, **kwargs: Any) -> Any:
    """Adds a weight that forward passes update; replicas' values are averaged.

    Args:
        layer: the layer to add the weight to.
        **kwargs: as for `keras.layers.Layer.add_weight`.
    """
    mean = "mean" if KERAS_3 else tf.VariableAggregation.MEAN
    return add_float32_weight(
        layer, trainable=False, aggregation=mean, **kwargs
    )


def all_layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a model and of the models nested in it."""
    for layer in network.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from all_layers(layer)


def rmsprop_velocity(optimizer: keras.optimizers.RMSprop, variable: Any) -> Any:
    """The mean square that RMSProp keeps for a variable."""
    return optimizer._velocities[_slot_index(optimizer, variable)]


def _slot_index(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Position of a variable in the optimizer's lists of slot variables."""
    if KERAS_3:
        return optimizer._get_variable_index(variable)
    return optimizer._index_dict[optimizer._var_key(variable)]


def scale_loss(optimizer: keras.optimizers.Optimizer, loss: Any) -> Any:
    """The loss to differentiate: scaled if the optimizer scales losses."""
    if not isinstance(optimizer, LossScaleOptimizer):
        return loss
    if KERAS_3:
        return optimizer.scale_loss(loss)
    return optimizer.get_scaled_loss(loss)


def apply_scaled_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: list, variables: list
) -> list:
    """Applies gradients of `scale_loss`'s result and returns them unscaled.

    Those of all replicas are added up first.
    """
    gradients = _sum_over_replicas(optimizer, gradients)
    if not isinstance(optimizer, LossScaleOptimizer):
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return gradients
    if KERAS_3:
        unscaled = [g / optimizer.dynamic_scale for g in gradients]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return unscaled
    unscaled = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(unscaled, variables, strict=True))
    return unscaled


def _sum_over_replicas(
    optimizer: keras.optimizers.Optimizer, gradients: list
) -> list:
    """The sum; the optimizer is kept from taking it again."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync == 1:
        return gradients
    sums = "_all_reduce_sum_gradients" if KERAS_3 else "aggregate_gradients"
    setattr(
        inner_optimizer(optimizer), sums, lambda grads_and_vars: grads_and_vars
    )
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


def inner_optimizer(
    optimizer: keras.optimizers.Optimizer,
) -> keras.optimizers.Optimizer:
    """The optimizer inside a loss-scaling one; else the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def tf_variable(weight: Any) -> tf.Variable:
    """The TensorFlow variable of a Keras weight."""
    return weight.value if KERAS_3 else weight


def moving_averages(optimizer: keras.optimizers.Optimizer) -> list:
    """The moving averages of the weights, in the order of `build`'s variables.

    Empty for an optimizer that keeps none.
    """
    inner = inner_optimizer(optimizer)
    if not inner.use_ema:
        return []
    return list(inner._model_variables_moving_average)


def keep_weights_after_fit(optimizer: keras.optimizers.Optimizer) -> None:
    """Keeps `fit` from replacing all weights by averages when it ends.

    Keras does so with an optimizer that keeps a moving average.
    """
    inner = inner_optimizer(optimizer)
    if not inner.use_ema:
        return
    for one in (optimizer, inner):
        one.finalize_variable_values = lambda variables: None

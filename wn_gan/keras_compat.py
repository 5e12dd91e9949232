"""Differences between Keras 2.15 and Keras 3, and private attributes.

The rest of the package uses only what both versions share. The same source
runs on TensorFlow 2.15 (with tensorflow-addons) and on TensorFlow 2.21.
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
    """Adds a weight that forward passes update, averaged over replicas.

    Args:
        layer: the layer to add the weight to.
        **kwargs: as for `keras.layers.Layer.add_weight`.
    """
    mean = "mean" if KERAS_3 else tf.VariableAggregation.MEAN
    return add_float32_weight(
        layer, trainable=False, aggregation=mean, **kwargs
    )


def all_layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the layers of a model and of the models nested in it."""
    for layer in network.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from all_layers(layer)


def rmsprop_velocity(optimizer: keras.optimizers.RMSprop, variable: Any) -> Any:
    """Returns RMSProp's mean square for a variable."""
    return optimizer._velocities[_slot_index(optimizer, variable)]


def _slot_index(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Returns a variable's index in the optimizer's slot variables."""
    if KERAS_3:
        return optimizer._get_variable_index(variable)
    return optimizer._index_dict[optimizer._var_key(variable)]


def scale_loss(optimizer: keras.optimizers.Optimizer, loss: Any) -> Any:
    """Returns the loss, scaled if the optimizer scales losses."""
    if not isinstance(optimizer, LossScaleOptimizer):
        return loss
    if KERAS_3:
        return optimizer.scale_loss(loss)
    return optimizer.get_scaled_loss(loss)


def apply_scaled_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: list, variables: list
) -> list:
    """Applies gradients of `scale_loss`'s result and returns them unscaled.

    Gradients are summed over replicas first.
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
    """Sums gradients and keeps the optimizer from summing them again."""
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
    """Returns the optimizer inside a loss-scaling one, else itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def tf_variable(weight: Any) -> tf.Variable:
    """Returns the TensorFlow variable of a Keras weight."""
    return weight.value if KERAS_3 else weight


def moving_averages(optimizer: keras.optimizers.Optimizer) -> list:
    """Returns the moving averages of the variables given to `build`.

    The list is empty for an optimizer without averages.
    """
    inner = inner_optimizer(optimizer)
    if not inner.use_ema:
        return []
    return list(inner._model_variables_moving_average)


def keep_weights_after_fit(optimizer: keras.optimizers.Optimizer) -> None:
    """Keeps `fit` from replacing the weights by their averages at its end.

    Keras does so for an optimizer with moving averages.
    """
    inner = inner_optimizer(optimizer)
    if not inner.use_ema:
        return
    for one in (optimizer, inner):
        one.finalize_variable_values = lambda variables: None

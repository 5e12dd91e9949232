"""Where Keras 2.15 and Keras 3 differ, in one place.

Everything else in the package uses only what both share, so the same source
runs on TensorFlow 2.15 (with tensorflow-addons) and on TensorFlow 2.21.
"""

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


def slot_index(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Position of `variable` in the optimizer's lists of slot variables."""
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
    """The sum, which the optimizer is then kept from taking again."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync == 1:
        return gradients
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    sums = "_all_reduce_sum_gradients" if KERAS_3 else "aggregate_gradients"
    setattr(inner, sums, lambda grads_and_vars: grads_and_vars)
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


def tf_variable(weight: Any) -> tf.Variable:
    """The variable of a Keras weight."""
    return weight.value if KERAS_3 else weight


def load_average(
    optimizer: keras.optimizers.Optimizer, variables: list
) -> None:
    """Sets variables to the moving average that their optimizer keeps."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    type(inner).finalize_variable_values(inner, variables)


def keep_weights_after_fit(optimizer: keras.optimizers.Optimizer) -> None:
    """Keeps `fit` from replacing all weights by averages when it ends.

    That is what Keras does with an optimizer that keeps a moving average.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not inner.use_ema:
        return
    for one in (optimizer, inner):
        one.finalize_variable_values = lambda variables: None

"""The authors' initial weights."""

import math

import keras


def fan_in_uniform(
    fan_in: int, scale: float = 1.0
) -> keras.initializers.Initializer:
    """Returns U(-scale/sqrt(fan_in), scale/sqrt(fan_in)), the authors' default.

    `fan_in` is explicit because Keras' `VarianceScaling` takes it from the
    output axis of a transposed convolution's kernel.

    Args:
        fan_in: input channels times kernel area, for transposed convolutions
            as well.
        scale: factor on the bound; 0.01 for the first layer of the paper's
            generator.
    """
    bound = scale / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-bound, bound)

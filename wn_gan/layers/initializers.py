"""The authors' initial weights."""

import math

import keras


def fan_in_uniform(
    fan_in: int, scale: float = 1.0
) -> keras.initializers.Initializer:
    """U(-scale/sqrt(fan_in), scale/sqrt(fan_in)), the authors' default.

    Keras' `VarianceScaling` counts the fan-in of a transposed convolution
    from the wrong kernel axis for this purpose, so the bound is worked out
    from an explicit `fan_in`.

    Args:
        fan_in: input channels times kernel area, for transposed convolutions
            as well.
        scale: factor on the bound; the paper starts the generator's first
            layer at 0.01.
    """
    bound = scale / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-bound, bound)

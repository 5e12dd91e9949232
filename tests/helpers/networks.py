"""Networks that are not at their start."""

import numpy as np


def scatter(network, seed=3):
    """Moves every weight off its initial value, variances kept positive."""
    random = np.random.default_rng(seed)
    for weight in network.weights:
        value = np.asarray(weight)
        weight.assign(value + random.uniform(0, 0.5, size=value.shape))

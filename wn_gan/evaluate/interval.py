"""The interval of a test over its images."""

import numpy as np
import scipy.stats

RESAMPLES = 2000


def bootstrap_interval(values: np.ndarray) -> tuple[float, float]:
    """95% percentile bootstrap interval of the mean, seeded.

    Args:
        values: `[n]`; for one value the interval is that value.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return float(values[0]), float(values[-1])
    interval = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.RandomState(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)

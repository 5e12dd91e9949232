"""Latent codes: drawn one per seed, and interpolated."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# A normal number is beyond 6 with probability 2e-9, so this cuts nothing.
LARGEST_TRUNCATION = 6.0


def truncations(count: int, truncation: float | None) -> np.ndarray:
    """One truncation repeated for several codes, float32 `[count]`.

    Args:
        count: number of codes.
        truncation: limit in standard deviations; None for no truncation.
    """
    limit = LARGEST_TRUNCATION if truncation is None else truncation
    return np.full(count, limit, np.float32)


def draw_codes(
    seed: tf.Tensor, truncation: tf.Tensor, code_size: int
) -> tf.Tensor:
    """Draws truncated normal codes; each is a function of its seed.

    Args:
        seed: int64 `[batch]`.
        truncation: float32 `[batch]`, above 0. Limit of the codes' absolute
            values in standard deviations; values from `LARGEST_TRUNCATION`
            on mean no truncation.
        code_size: length of a code.

    Returns:
        float32 `[batch, code_size]`.
    """

    def uniform(one: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([code_size], tf.stack([one, 0]))

    drawn = tf.map_fn(
        uniform, seed, fn_output_signature=tf.TensorSpec([code_size])
    )
    limit = tf.minimum(truncation, LARGEST_TRUNCATION)[:, tf.newaxis]
    beyond = 0.5 * tf.math.erfc(limit / np.sqrt(2.0))
    chance = beyond + drawn * (1 - 2 * beyond)
    # float32 may round a chance to 0 or 1, where ndtri is infinite.
    smallest = np.float32(2.0**-25)
    chance = tf.clip_by_value(chance, smallest, 1 - np.float32(2.0**-24))
    return tf.clip_by_value(tf.math.ndtri(chance), -limit, limit)


def slerp(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Spherical interpolation: angle and length change linearly.

    A straight line between normal codes passes through lengths that normal
    codes of many dimensions do not have (White 2016, arXiv:1609.04468).

    Args:
        one: first code, `[code_size]`.
        other: second code, `[code_size]`.
        share: position between `one` (0) and `other` (1).
    """
    lengths = [np.linalg.norm(z) for z in (one, other)]
    length = (1 - share) * lengths[0] + share * lengths[1]
    if min(lengths) == 0:
        return (1 - share) * one + share * other
    directions = [z / n for z, n in zip((one, other), lengths, strict=True)]
    angle = np.arccos(np.clip(directions[0] @ directions[1], -1, 1))
    if np.sin(angle) < 1e-6:
        return (1 - share) * one + share * other
    weights = np.sin([(1 - share) * angle, share * angle]) / np.sin(angle)
    return length * (weights[0] * directions[0] + weights[1] * directions[1])


def interpolate(
    codes: Sequence[np.ndarray], steps: int, closed: bool = False
) -> np.ndarray:
    """Interpolates between consecutive codes; see `slerp`.

    Args:
        codes: at least two codes, `[n, code_size]`.
        steps: number of steps from one code to the next.
        closed: whether to return to the first code.

    Returns:
        float32, including the codes: `[(n - 1) * steps + 1, code_size]`, or
        `[n * steps, code_size]` if closed.
    """
    stops = [*codes, codes[0]] if closed else list(codes)
    walk = [
        slerp(one, other, k / steps)
        for one, other in zip(stops, stops[1:], strict=False)
        for k in range(steps)
    ]
    if not closed:
        walk.append(stops[-1])
    return np.stack(walk).astype(np.float32)

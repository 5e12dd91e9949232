"""Perceptual distance of pairs of images, in an extractor's layers."""

import numpy as np
import tensorflow as tf

from wn_gan.features.extractor import Extractor
from wn_gan.features.image_features import BATCH, as_input

_EPSILON = 1e-10


def perceptual_distances(
    extractor: Extractor, images: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Distance of each image to its partner.

    In each layer both are scaled to unit length per place; the squared
    differences are summed over channels, and averaged over places and layers.
    This is the distance of Zhang et al., arXiv:1801.03924, without their
    learnt weights.

    Args:
        extractor: with layers.
        images: uint8 `[n, height, width, channels]`.
        others: the same.

    Returns:
        `[n]`, from 0 (equal) to 4.
    """
    parts = []
    for first in range(0, len(images), BATCH):
        pair = (
            extractor.layers(as_input(each[first : first + BATCH]))
            for each in (images, others)
        )
        differences = [
            tf.reduce_mean(
                tf.reduce_sum((_unit(a) - _unit(b)) ** 2, axis=-1), axis=[1, 2]
            )
            for a, b in zip(*pair, strict=True)
        ]
        parts.append(tf.reduce_mean(differences, axis=0).numpy())
    return np.concatenate(parts)


def _unit(layer: tf.Tensor) -> tf.Tensor:
    return layer / (tf.norm(layer, axis=-1, keepdims=True) + _EPSILON)

"""Exact sums of products of pixels, at the speed of float32.

A pixel minus 128 is an integer from -128 to 127. A sum of 1,024 products of
such integers is at most 2**24, and float32 holds every integer up to there.
So a matrix product of a block is exact, in any order of summation. The sums
of the blocks are float64, exact up to 2**53.
"""

import numpy as np
from scipy.linalg import blas

OFFSET = 128
BLOCK = 1024


def signed(pixels: np.ndarray) -> np.ndarray:
    """Converts uint8 to float32 integers in [-128, 127]."""
    result = pixels.astype(np.float32)
    result -= OFFSET
    return result


def products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Products of each row with each row.

    Args:
        one: uint8 `[n, numbers]`.
        other: uint8 `[m, numbers]`.

    Returns:
        float64 `[n, m]`, of the `signed` pixels.
    """
    total = np.zeros((len(one), len(other)))
    for numbers in _blocks(one.shape[1]):
        total += signed(one[:, numbers]) @ signed(other[:, numbers]).T
    return total


def squares(flat: np.ndarray) -> np.ndarray:
    """Sums of squares of each row, as `products`: float64 `[n]`."""
    total = np.zeros(len(flat))
    for numbers in _blocks(flat.shape[1]):
        part = signed(flat[:, numbers])
        total += np.einsum("ij,ij->i", part, part)
    return total


def column_sums(flat: np.ndarray) -> np.ndarray:
    """Sums over the rows of the `signed` pixels: float64 `[numbers]`."""
    return flat.sum(axis=0, dtype=float) - OFFSET * len(flat)


def add_column_products(total: np.ndarray, flat: np.ndarray) -> None:
    """Adds the products of each column with each column.

    Args:
        total: float64 `[numbers, numbers]` in Fortran order; only the upper
            triangle is meaningful.
        flat: uint8 `[n, numbers]`.
    """
    for rows in _blocks(len(flat)):
        total += blas.ssyrk(1.0, signed(flat[rows]).T)


def _blocks(count: int) -> list[slice]:
    return [slice(i, i + BLOCK) for i in range(0, count, BLOCK)]

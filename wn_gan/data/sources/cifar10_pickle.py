"""Reads the pickles of CIFAR-10's Python version, safely.

A pickle may call any function, and may ask for any amount of memory. Here it
makes plain values and stand-ins for arrays only, from no more bytes than it
has.
"""

import io
import math
import pickle
import pickletools
from typing import Any

import numpy as np

_PIXELS = 3 * 32 * 32
_UINT8 = ("u1", b"u1")


class _Array:
    """Stands in for an array: keeps its state and allocates nothing."""

    state: Any = None

    def __init__(self, *ignored: Any):
        """Ignores type, shape and dtype: the state has them again."""

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Dtype:
    """Stands in for a dtype.

    Args:
        name: kind and bytes per number, e.g. "u1".
        ignored: flags.
    """

    def __init__(self, name: Any = None, *ignored: Any):
        self.name = name

    def __setstate__(self, state: Any) -> None:
        """Ignores the byte order: bytes have none."""


# The only globals of the official files, besides `_codecs.encode`.
_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
}


class _Unpickler(pickle.Unpickler):
    """Loads stand-ins and plain values; refuses everything else."""

    def __init__(self, content: bytes):
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._left = len(content)

    def find_class(self, module: str, name: str):
        if (module, name) == ("_codecs", "encode"):
            return self._encode
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(
                f"names {module}.{name}, which a CIFAR-10 file does not"
            )
        return _STAND_INS[module, name]

    def _encode(self, text: str, encoding: str) -> bytes:
        """Python 3 stores bytes as text in such a pickle."""
        self._left -= len(text)
        if self._left < 0 or encoding != "latin1":
            raise pickle.UnpicklingError("encodes text twice, or not as latin1")
        return text.encode("latin1")


def read_pickle(content: bytes) -> np.ndarray:
    """Reads the images of a batch.

    Args:
        content: the pickle.

    Returns:
        uint8 `[images, 3072]`, the red, the green and the blue plane.

    Raises:
        ValueError: if the pickle is damaged, its array is of another type or
            does not have as many bytes as it says. Of a damaged pickle also
            the errors that `pickle` raises.
    """
    _check_opcodes(content)
    batch = _Unpickler(content).load()
    return _matrix(batch[b"data"] if b"data" in batch else batch["data"])


def _check_opcodes(content: bytes) -> None:
    """Refuses numbers for which `pickle` would allocate memory in advance.

    `genops` itself refuses lengths beyond the end of the content.
    """
    for count, (code, argument, _) in enumerate(pickletools.genops(content)):
        if code.name.endswith("PUT") and argument > count:
            raise ValueError(f"its object {argument:,} is one too many")


def _matrix(array: _Array) -> np.ndarray:
    _, shape, dtype, by_columns, content = array.state
    if dtype.name not in _UINT8 or len(shape) != 2 or shape[1] != _PIXELS:
        raise ValueError(f"its data must be a uint8 matrix [n, {_PIXELS:,}]")
    if type(shape[0]) is not int or type(content) is not bytes:
        raise ValueError("its data have no shape or no bytes")
    if math.prod(shape) != len(content):
        raise ValueError(
            f"its data say that they have {math.prod(shape):,} bytes, have "
            f"{len(content):,}"
        )
    order = "F" if by_columns else "C"
    return np.frombuffer(content, np.uint8).reshape(shape, order=order)

"""Reads the arrays of an old torch file, and nothing else.

`torch.save` before PyTorch 1.6 wrote five pickles and then the raw values. A
pickle can call any function, so this reader knows four names and refuses a
file that uses another.
"""

import collections
import math
import pickle
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from wn_gan.errors import UserError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Tensor(NamedTuple):
    """A view on a storage, as the file describes it."""

    storage: tuple
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage, offset, shape, strides, *_) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    """Knows ordered dicts and tensors of two dtypes."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns a known name's stand-in."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """Returns the description of a storage."""
        if not isinstance(pid, tuple) or len(pid) != 6 or pid[0] != "storage":
            raise pickle.UnpicklingError("it refers to an unknown object")
        return pid


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """Reads a state dict written by `torch.save` before PyTorch 1.6.

    Args:
        path: of the file.

    Returns:
        Arrays by name.

    Raises:
        UserError: for a file of another form, a truncated one, or one that
            asks for anything but arrays.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except (
        pickle.UnpicklingError,
        OSError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
    ) as error:
        raise UserError(f"{path}: cannot be read as weights: {error}") from None


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Reader(file).load() != _MAGIC or _Reader(file).load() != _PROTOCOL:
        raise ValueError("it is no torch file of the old form")
    if not _Reader(file).load()["little_endian"]:
        raise ValueError("it is big-endian")
    tensors = _Reader(file).load()
    kinds = {each.storage[2]: each.storage for each in tensors.values()}
    storages = {key: _storage(file, kinds[key]) for key in _Reader(file).load()}
    return {name: _array(each, storages) for name, each in tensors.items()}


def _storage(file: BinaryIO, described: tuple) -> np.ndarray:
    """Reads the values of a storage: their number, then themselves."""
    _, kind, _, _, count, view = described
    dtype = np.dtype(_DTYPES[kind])
    if view is not None or int.from_bytes(file.read(8), "little") != count:
        raise ValueError("a storage has another size than described")
    content = file.read(count * dtype.itemsize)
    if len(content) != count * dtype.itemsize:
        raise EOFError("it is truncated")
    return np.frombuffer(content, dtype)


def _array(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
    """Copies a tensor's values out of its storage, in their order."""
    values = storages[tensor.storage[2]]
    shape, strides = tensor.shape, tensor.strides
    last = tensor.offset + sum(
        (size - 1) * stride for size, stride in zip(shape, strides, strict=True)
    )
    if math.prod(shape) < 1 or min((tensor.offset, *strides)) < 0:
        raise ValueError("a tensor has an impossible shape")
    if last >= len(values):
        raise ValueError("a tensor reaches beyond its storage")
    steps = [stride * values.itemsize for stride in strides]
    view = np.lib.stride_tricks.as_strided(
        values[tensor.offset :], shape, steps, writeable=False
    )
    return view.copy()

"""Weights from a torch file: arrays, and nothing else."""

import collections
import io
import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from wn_gan.errors import UserError
from wn_gan.features.torch_file import _Tensor, _tensor, read_torch_file

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class FloatStorage:
    """Pickled by its name in torch."""


class Reduced:
    """A tensor, pickled as torch does."""

    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, {})

    def __reduce__(self):
        return _tensor, self.arguments


class Storage:
    """A reference to a storage."""

    def __init__(self, key, count):
        self.pid = ("storage", FloatStorage, key, "cpu", count, None)


class Writer(pickle.Pickler):
    """Writes names as torch would."""

    def persistent_id(self, value):
        return value.pid if isinstance(value, Storage) else None


def torch_file(path, tensors, storages):
    """Writes tensors as PyTorch before 1.6 did."""
    file = io.BytesIO()
    for value in (MAGIC, PROTOCOL, {"little_endian": True}):
        pickle.dump(value, file, protocol=2)
    state = io.BytesIO()
    Writer(state, protocol=2).dump(collections.OrderedDict(tensors))
    names = {
        f"c{__name__}\nFloatStorage": "ctorch\nFloatStorage",
        "cwn_gan.features.torch_file\n_tensor": (
            "ctorch._utils\n_rebuild_tensor_v2"
        ),
    }
    content = state.getvalue()
    for ours, theirs in names.items():
        assert ours.encode() in content
        content = content.replace(ours.encode(), theirs.encode())
    file.write(content)
    pickle.dump(list(storages), file, protocol=2)
    for values in storages.values():
        file.write(len(values).to_bytes(8, "little"))
        file.write(np.asarray(values, "<f4").tobytes())
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def weights(tmp_path):
    values = np.arange(10, dtype=np.float32)
    storage = Storage("a", 10)
    return torch_file(
        tmp_path / "weights.pth",
        {
            "rows": Reduced(storage, 0, (2, 3), (3, 1)),
            "columns": Reduced(storage, 4, (2, 3), (1, 2)),
        },
        {"a": values},
    )


def test_arrays_and_their_strides(weights):
    found = read_torch_file(weights)
    assert_array_equal(found["rows"], [[0, 1, 2], [3, 4, 5]])
    assert_array_equal(found["columns"], [[4, 6, 8], [5, 7, 9]])


@pytest.mark.parametrize("kept", [0, 10, 60, -41, -1])
def test_a_truncated_file_is_refused(weights, kept):
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(UserError, match="weights.pth: cannot be read") as e:
        read_torch_file(weights)
    assert "\n" not in str(e.value)


class Hostile:
    """Runs a command where a pickle is trusted."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("place", [0, 3])
def test_a_hostile_pickle_runs_nothing(tmp_path, place):
    trace = tmp_path / "trace"
    values = [MAGIC, PROTOCOL, {"little_endian": True}, {}]
    values[place] = Hostile(f"touch {trace}")
    path = tmp_path / "weights.pth"
    with open(path, "wb") as file:
        for value in values:
            pickle.dump(value, file, protocol=2)
    with pytest.raises(UserError, match="it asks for posix.system"):
        read_torch_file(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "tensor",
    [(0, (2, 6), (6, 1)), (8, (3,), (1,)), (0, (2,), (-1,)), (-4, (2,), (1,))],
)
def test_no_tensor_reaches_beyond_its_storage(tmp_path, tensor):
    path = torch_file(
        tmp_path / "weights.pth",
        {"w": Reduced(Storage("a", 10), *tensor)},
        {"a": np.zeros(10)},
    )
    with pytest.raises(UserError, match="weights.pth: cannot be read"):
        read_torch_file(path)


def test_what_is_described_is_what_is_stored(tmp_path):
    path = torch_file(
        tmp_path / "weights.pth",
        {"w": Reduced(Storage("a", 20), 0, (2,), (1,))},
        {"a": np.zeros(10)},
    )
    with pytest.raises(UserError, match="another size"):
        read_torch_file(path)
    assert _Tensor._fields[0] == "storage"

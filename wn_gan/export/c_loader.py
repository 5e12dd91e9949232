"""Runs SavedModels with TensorFlow's C library, as TensorFlow Serving does.

It does not import TensorFlow's Python package, which could hide a defect: a
graph that needs Python, a missing op or a missing file.

    python -m wn_gan.export.c_loader <request.json>

executes the calls in a request; see `main`.
"""

import ctypes
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

# tensorflow/c/tf_datatype.h
_STRING = 7
_NUMBERS = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    4: np.uint8,
    9: np.int64,
    10: np.bool_,
}
_CODES = {np.dtype(kind): code for code, kind in _NUMBERS.items()}
_P = ctypes.c_void_p


class _Output(ctypes.Structure):
    """TF_Output: an operation's i-th result."""

    _fields_ = [("oper", _P), ("index", ctypes.c_int)]


def _library() -> ctypes.CDLL:
    """Loads libtensorflow_cc of the installed wheel."""
    package = importlib.util.find_spec("tensorflow")
    if package is None:
        raise FileNotFoundError("TensorFlow is not installed")
    folder = Path(package.submodule_search_locations[0])
    files = sorted(folder.glob("libtensorflow_cc.*"))
    if not files:
        raise FileNotFoundError(f"{folder} has no libtensorflow_cc")
    library = ctypes.CDLL(str(files[0]))
    for name, result in {
        "TF_NewStatus": _P,
        "TF_Message": ctypes.c_char_p,
        "TF_NewGraph": _P,
        "TF_NewSessionOptions": _P,
        "TF_LoadSessionFromSavedModel": _P,
        "TF_GraphOperationByName": _P,
        "TF_AllocateTensor": _P,
        "TF_TensorData": _P,
        "TF_TensorByteSize": ctypes.c_size_t,
        "TF_Dim": ctypes.c_int64,
        "TF_StringGetDataPointer": _P,
        "TF_StringGetSize": ctypes.c_size_t,
    }.items():
        getattr(library, name).restype = result
    return library


class LoadError(Exception):
    """TensorFlow's error when a model cannot be loaded or run."""


class CModel:
    """A SavedModel in a session of TensorFlow's C library.

    Args:
        path: folder of the SavedModel.

    Raises:
        LoadError: if it cannot be loaded.
        FileNotFoundError: if TensorFlow's C library is missing.
    """

    def __init__(self, path: str | Path):
        self._tf = _library()
        self._status = _P(self._tf.TF_NewStatus())
        self._graph = _P(self._tf.TF_NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        self._session = _P(
            self._tf.TF_LoadSessionFromSavedModel(
                _P(self._tf.TF_NewSessionOptions()),
                None,
                str(path).encode(),
                tags,
                1,
                self._graph,
                None,
                self._status,
            )
        )
        self._check()

    def _check(self) -> None:
        if self._tf.TF_GetCode(self._status):
            message = self._tf.TF_Message(self._status).decode()
            raise LoadError(message)

    def run(
        self, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]
    ) -> list[np.ndarray]:
        """Runs the graph.

        Args:
            inputs: arrays by tensor name, such as "serving_default_z:0".
            outputs: names of the tensors to return.

        Returns:
            One array per output; strings as arrays of `bytes` objects.

        Raises:
            LoadError: if the run fails; contains TensorFlow's message.
        """
        fed = (_Output * len(inputs))(*map(self._output, inputs))
        values = (_P * len(inputs))(*map(self._tensor, inputs.values()))
        wanted = (_Output * len(outputs))(*map(self._output, outputs))
        found = (_P * len(outputs))()
        self._tf.TF_SessionRun(
            self._session,
            None,
            fed,
            values,
            len(inputs),
            wanted,
            found,
            len(outputs),
            None,
            0,
            None,
            self._status,
        )
        for value in values:
            self._tf.TF_DeleteTensor(_P(value))
        self._check()
        arrays = [self._array(_P(tensor)) for tensor in found]
        for tensor in found:
            self._tf.TF_DeleteTensor(_P(tensor))
        return arrays

    def _output(self, name: str) -> _Output:
        operation, _, index = name.partition(":")
        pointer = self._tf.TF_GraphOperationByName(
            self._graph, operation.encode()
        )
        if not pointer:
            raise LoadError(f"the graph has no operation {operation}")
        return _Output(pointer, int(index or 0))

    def _tensor(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = self._tf.TF_AllocateTensor(
            _CODES[array.dtype],
            shape,
            array.ndim,
            ctypes.c_size_t(array.nbytes),
        )
        data = self._tf.TF_TensorData(_P(tensor))
        ctypes.memmove(data, array.ctypes.data, array.nbytes)
        return tensor

    def _array(self, tensor: _P) -> np.ndarray:
        ndim = self._tf.TF_NumDims(tensor)
        shape = [self._tf.TF_Dim(tensor, axis) for axis in range(ndim)]
        data = self._tf.TF_TensorData(tensor)
        kind = self._tf.TF_TensorType(tensor)
        if kind == _STRING:
            return self._strings(data, shape)
        size = self._tf.TF_TensorByteSize(tensor)
        content = ctypes.string_at(data, size)
        return np.frombuffer(content, _NUMBERS[kind]).reshape(shape)

    def _strings(self, data: int, shape: list[int]) -> np.ndarray:
        width = 24  # size of a TF_TString in bytes
        texts = np.empty(int(np.prod(shape)), object)
        for i in range(texts.size):
            text = _P(data + i * width)
            pointer = self._tf.TF_StringGetDataPointer(text)
            size = self._tf.TF_StringGetSize(text)
            texts[i] = ctypes.string_at(pointer, size)
        return texts.reshape(shape)


def main(request: Path) -> None:
    """Executes a request and writes the results beside it.

    Args:
        request: path of a JSON file with `model`, a path, and `calls`, a
            list. Each call has `inputs` (tensor name -> entry of
            `inputs.npz`) and `outputs` (tensor name -> entry of
            `outputs.npz` to write). Strings are written to files
            `<entry>-<index>` instead.

    Raises:
        LoadError: if the model cannot be loaded or run.
    """
    wanted = json.loads(request.read_text())
    model = CModel(wanted["model"])
    with np.load(request.with_name("inputs.npz")) as file:
        given = dict(file)
    results = {}
    for call in wanted["calls"]:
        inputs = {name: given[entry] for name, entry in call["inputs"].items()}
        names = call["outputs"]
        for array, entry in zip(
            model.run(inputs, list(names)), names.values(), strict=True
        ):
            if array.dtype != object:
                results[entry] = array
                continue
            for i, content in enumerate(array):
                request.with_name(f"{entry}-{i}").write_bytes(content)
    np.savez(request.with_name("outputs.npz"), **results)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except LoadError as error:
        sys.exit(f"error: {error}")

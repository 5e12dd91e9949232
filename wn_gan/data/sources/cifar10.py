"""CIFAR-10 from its official archives, packed or unpacked."""

import io
import pickle
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wn_gan.data.pictures import ArrayPictures, Source
from wn_gan.errors import UserError

_BINARY = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
_PYTHON = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
_RECORD = 1 + 3 * 32 * 32
# The only globals of the official files. A pickle may call any global.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Loads arrays and plain values; refuses everything else."""

    def find_class(self, module: str, name: str):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"names {module}.{name}, which a CIFAR-10 file does not"
            )
        return super().find_class(module, name)


def open_cifar10(data_dir: str) -> Source | None:
    """Opens 50,000 training and 10,000 test images, 32x32 RGB.

    Args:
        data_dir: folder with the official binary or Python version, as an
            archive (`cifar-10-binary.tar.gz`, `cifar-10-python.tar.gz`) or
            unpacked (`cifar-10-batches-bin`, `cifar-10-batches-py`).

    Returns:
        None if none of them exists.

    Raises:
        UserError: if a file is missing, damaged or of another format.
    """
    root = Path(data_dir).expanduser()
    for stem, names, parse in (
        ("bin", _BINARY, _parse_binary),
        ("py", _PYTHON, _parse_python),
    ):
        for folder in (root / f"cifar-10-batches-{stem}", root):
            if (folder / names[0]).is_file():
                return _source(folder, _folder_reader(folder), names, parse)
    for archive, names, parse in (
        ("cifar-10-binary.tar.gz", _BINARY, _parse_binary),
        ("cifar-10-python.tar.gz", _PYTHON, _parse_python),
    ):
        path = root / archive
        if path.is_file():
            return _source(path, _archive_reader(path, names), names, parse)
    return None


def _source(path: Path, read: Callable, names: list, parse: Callable) -> Source:
    batches = []
    for name in names:
        try:
            batches.append(parse(read(name)))
        except (
            OSError,
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            EOFError,
            IndexError,
            pickle.UnpicklingError,
        ) as error:
            raise UserError(
                f"--dataset=cifar10: {name} of {path} cannot be read: {error}"
            ) from error
    train = np.concatenate(batches[:-1])
    return Source(ArrayPictures(train), test=ArrayPictures(batches[-1]))


def _folder_reader(folder: Path) -> Callable[[str], bytes]:
    return lambda name: (folder / name).read_bytes()


def _archive_reader(path: Path, names: list) -> Callable[[str], bytes]:
    """Reads members by base name in one pass; unpacks nothing to disk."""
    contents = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = Path(member.name).name
                if member.isfile() and name in names:
                    contents[name] = archive.extractfile(member).read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(
            f"--dataset=cifar10: {path} cannot be read: {error}"
        ) from error
    return contents.__getitem__


def _parse_binary(content: bytes) -> np.ndarray:
    if not content or len(content) % _RECORD:
        raise ValueError(f"{len(content)} bytes are no whole records")
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    return _to_nhwc(records[:, 1:])


def _parse_python(content: bytes) -> np.ndarray:
    batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    pixels = batch[b"data"] if b"data" in batch else batch["data"]
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise ValueError("its data must be a uint8 matrix")
    return _to_nhwc(pixels)


def _to_nhwc(rows: np.ndarray) -> np.ndarray:
    """Converts rows of planes `[n, 3072]` to `[n, 32, 32, 3]`."""
    planes = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(planes)

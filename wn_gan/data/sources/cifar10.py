"""CIFAR-10 from its official archives, packed or unpacked."""

import pickle
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wn_gan.data.decoding import MAX_BYTES
from wn_gan.data.pictures import ArrayPictures, Source
from wn_gan.data.sources.bounded import read_at_most
from wn_gan.data.sources.cifar10_pickle import read_pickle
from wn_gan.errors import UserError

_BINARY = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
_PYTHON = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
_RECORD = 1 + 3 * 32 * 32


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
            OverflowError,
            RecursionError,
            MemoryError,
            pickle.UnpicklingError,
        ) as error:
            reason = " ".join(str(error).split()) or repr(error)
            raise UserError(
                f"--dataset=cifar10: {name} of {path} cannot be read: {reason}"
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
                if not member.isfile() or name not in names:
                    continue
                if member.size > MAX_BYTES:
                    raise UserError(
                        f"--dataset=cifar10: {name} of {path} is larger than "
                        f"{MAX_BYTES:,} bytes"
                    )
                file = archive.extractfile(member)
                contents[name] = read_at_most(file, member.size)
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
    return _to_nhwc(read_pickle(content))


def _to_nhwc(rows: np.ndarray) -> np.ndarray:
    """Converts rows of planes `[n, 3072]` to `[n, 32, 32, 3]`."""
    planes = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(planes)

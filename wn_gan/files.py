"""Small files, written whole or not at all."""

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

_PARTIAL = ".partial"


def cache_folder() -> Path:
    """Folder of what can be made again: $XDG_CACHE_HOME/wn_gan.

    Without that variable: ~/.cache/wn_gan.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wn_gan"


def write_json(path: Path, value: Mapping) -> None:
    """Writes readable JSON; a reader sees the old file or the new one."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(text)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an `.npz`; a reader sees the old file or the new one.

    Like `numpy.savez`, but it closes the archive where a disk is full:
    older versions of NumPy leave it open, and Python then prints a traceback.
    """
    with replacing(path) as partial, open(partial, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                entry = archive.open(f"{name}.npy", "w", force_zip64=True)
                with entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)


def is_partial(name: str) -> bool:
    """Whether a file's name is that of a write that has not ended."""
    return _PARTIAL in name


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The path to write to; on leaving, the file replaces `path`.

    The file and its folder entry are on the disk before this returns. Two
    processes that write the same file never share a partial one.

    Raises:
        OSError: naming the file, where a disk is full or cannot be written;
            then `path` is as it was, and the partial file is gone.
    """
    with naming(path):
        number, name = tempfile.mkstemp(
            prefix=path.name + _PARTIAL + "-", dir=path.parent
        )
        os.fchmod(number, _new_file_mode())
        os.close(number)
    partial = Path(name)
    try:
        with naming(path):
            yield partial
            move(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def move(source: Path, target: Path) -> None:
    """Renames a file; its content and its new name are then on the disk."""
    _sync(source)
    os.replace(source, target)
    with contextlib.suppress(OSError):  # some file systems have no such call
        _sync(target.parent)


def remove_partials(folder: Path) -> None:
    """Deletes what killed writes left directly in a folder.

    Args:
        folder: that no other process writes to.
    """
    for path in folder.glob(f"*{_PARTIAL}-*"):
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Waits until a file's content, or a folder's entries, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Adds the file to errors of the system, which often name none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _new_file_mode() -> int:
    """Permissions of a new file: `mkstemp` gives its own to nobody else."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

"""Atomic writes of small files."""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from wn_gan.errors import bad_flag

_PARTIAL = ".partial"


def cache_folder() -> Path:
    """Returns the folder for files that can be rebuilt.

    It is $XDG_CACHE_HOME/wn_gan, by default ~/.cache/wn_gan.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wn_gan"


def write_json(path: Path, value: Mapping) -> None:
    """Writes indented JSON; readers see the old or the new file."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file; readers see the old or the new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(text)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an `.npz`; readers see the old or the new file.

    Unlike `numpy.savez` it closes the archive if the disk is full: older
    versions of NumPy leave it open, and Python then prints a traceback.
    """
    with replacing(path) as partial, open(partial, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                entry = archive.open(f"{name}.npy", "w", force_zip64=True)
                with entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)


def path_sha256(path: Path) -> str:
    """SHA-256 of a file's content, or of a folder's files with their names.

    Args:
        path: of a file or a folder.
    """
    digest = hashlib.sha256()
    inside = sorted(p for p in path.rglob("*") if p.is_file())
    for each in inside if path.is_dir() else [path]:
        if path.is_dir():
            name = each.relative_to(path)
            digest.update(f"{name} {each.stat().st_size};".encode())
        with open(each, "rb") as file:
            while content := file.read(2**20):
                digest.update(content)
    return digest.hexdigest()


def is_partial(name: str) -> bool:
    """Whether a file name is that of an unfinished write."""
    return _PARTIAL in name


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yields a partial file's path; on exit the file replaces `path`.

    Each process writes its own partial file.

    Args:
        path: of the file.
        durable: whether the file and its folder entry must be on the disk
            before this returns.

    Raises:
        OSError: if the file cannot be written; the error names it. `path` is
            then unchanged, and the partial file is deleted.
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
            if durable:
                move(partial, path)
            else:
                os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def move(source: Path, target: Path) -> None:
    """Renames a file, and waits until content and name are on the disk."""
    _sync(source)
    os.replace(source, target)
    with contextlib.suppress(OSError):  # not all file systems can do it
        _sync(target.parent)


def remove_partials(folder: Path) -> None:
    """Deletes the partial files of killed writes directly in a folder.

    Args:
        folder: no other process may write to it.
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
    """Adds the file's name to an `OSError`, which often has none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _new_file_mode() -> int:
    """Returns a new file's permissions; `mkstemp` allows only the owner."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def output_folder(path: str | Path, flag: str = "output") -> Path:
    """Makes a folder that a verb writes to, and checks that it can.

    Args:
        path: of the folder.
        flag: that named it.

    Raises:
        UserError: if it cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = f"cannot be written: {error.strerror}"
        raise bad_flag(flag, path, reason) from error
    return folder

"""Small files, written whole or not at all."""

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np


def cache_folder() -> Path:
    """What can be made again: $XDG_CACHE_HOME/wn_gan or ~/.cache/wn_gan."""
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

    As `numpy.savez` does, whose older versions leave the archive open where
    a disk is full, which Python then tells of in a traceback.
    """
    with replacing(path) as partial, open(partial, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                entry = archive.open(f"{name}.npy", "w", force_zip64=True)
                with entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def partial_path(path: Path) -> Path:
    """Where a file is written before it is renamed."""
    return path.with_name(path.name + ".partial")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The path to write to; on leaving, the file takes the place of `path`.

    Raises:
        OSError: naming the file, where a disk is full or cannot be written;
            then `path` is as it was, and what was half written is gone.
    """
    partial = partial_path(path)
    try:
        with naming(path):
            yield partial
            os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Adds the file to errors of the system, which often name none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error

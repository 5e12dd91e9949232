"""Cached, memory-mapped index of the images of a big data set."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from wn_gan.errors import UserError, bad_flag
from wn_gan.files import replacing, write_json

_PIECE_BYTES = 2**20


def cached_index(
    cache_dir: Path,
    name: str,
    label: str,
    identity: object,
    dtype: np.dtype,
    count: int,
    parts: Iterable[np.ndarray],
) -> tuple[np.ndarray, str]:
    """Opens the index of a data set, or makes it.

    It is made if it is not cached, or if the cached one is damaged.

    Args:
        cache_dir: folder of the cache.
        name: name of the data set, part of the file's name.
        label: name of the data set, for messages.
        identity: value that differs between data sets and between states of
            one data set, e.g. path, size and time of its files.
        dtype: dtype of an entry.
        count: number of entries.
        parts: the entries in pieces; read only if they are not cached.

    Returns:
        The entries, memory-mapped and read-only, and their SHA-256.

    Raises:
        UserError: if the data set cannot be read or has another number of
            entries, or if the cache cannot be written.
    """
    key = hashlib.sha256(repr((identity, dtype)).encode()).hexdigest()[:16]
    path = cache_dir / f"{name}-{key}.npy"
    found = _open(path, dtype, count)
    if found is not None:
        return found
    try:
        _make(path, dtype, count, _checked(label, count, parts))
    except OSError as error:
        raise bad_flag(
            "cache_dir", cache_dir, f"cannot be written: {error.strerror}"
        ) from error
    found = _open(path, dtype, count)
    if found is None:
        raise bad_flag("cache_dir", cache_dir, f"{path.name} has changed")
    return found


def _checked(
    label: str, count: int, parts: Iterable[np.ndarray]
) -> Iterator[np.ndarray]:
    """Yields the parts; raises unless they hold `count` entries."""
    done = 0
    try:
        for part in parts:
            done += len(part)
            yield part
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        raise UserError(
            f"{label}: cannot be read: {file}{error.strerror or error}"
        ) from error
    if done != count:
        raise UserError(
            f"{label}: its files hold {done:,} images, but declare {count:,}"
        )


def _make(path: Path, dtype, count: int, parts: Iterable[np.ndarray]) -> None:
    """Writes the manifest last: it marks the index as complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(_header(dtype, count))
        for part in parts:
            content = part.tobytes()
            digest.update(content)
            file.write(content)
    manifest = {"count": count, "sha256": digest.hexdigest()}
    write_json(path.with_suffix(".json"), manifest)


def _open(path: Path, dtype, count: int) -> tuple[np.ndarray, str] | None:
    """Opens a complete and undamaged index; None if there is none."""
    header = _header(dtype, count)
    digest = hashlib.sha256()
    try:
        stored = json.loads(path.with_suffix(".json").read_text())
        with open(path, "rb") as file:
            if file.read(len(header)) != header:
                return None
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
        if stored["sha256"] != digest.hexdigest():
            return None
        entries = np.memmap(path, dtype, "r", len(header), (count,))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return entries, stored["sha256"]


def _header(dtype, count: int) -> bytes:
    """The start of an `.npy` file with so many entries."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream,
        {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (count,),
        },
    )
    return stream.getvalue()

"""Cached, memory-mapped index of the images of a big data set."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from wn_gan.errors import bad_flag
from wn_gan.files import write_json


def cached_index(
    cache_dir: Path,
    name: str,
    identity: object,
    dtype: np.dtype,
    count: int,
    parts: Iterable[np.ndarray],
) -> tuple[np.ndarray, str]:
    """Opens the index of a data set, or makes it if it is not cached.

    Args:
        cache_dir: folder of the cache.
        name: name of the data set, part of the file's name.
        identity: value that differs between data sets and between states of
            one data set, e.g. path, size and time of its files.
        dtype: dtype of an entry.
        count: number of entries.
        parts: the entries in pieces; read only if they are not cached.

    Returns:
        The entries, memory-mapped and read-only, and their SHA-256.

    Raises:
        UserError: if the cache cannot be written.
    """
    key = hashlib.sha256(repr((identity, dtype)).encode()).hexdigest()[:16]
    path = cache_dir / f"{name}-{key}.npy"
    manifest = path.with_suffix(".json")
    try:
        if not (manifest.exists() and path.exists()):
            _make(path, dtype, count, parts)
    except OSError as error:
        raise bad_flag(
            "cache_dir", cache_dir, f"cannot be written: {error.strerror}"
        ) from error
    entries = np.load(path, mmap_mode="r", allow_pickle=False)
    return entries, json.loads(manifest.read_text())["sha256"]


def _make(path: Path, dtype, count, parts) -> None:
    """Writes the manifest last: it marks the index as complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    stored = np.lib.format.open_memmap(partial, "w+", dtype, (count,))
    digest, done = hashlib.sha256(), 0
    try:
        for part in parts:
            stored[done : done + len(part)] = part
            digest.update(part.tobytes())
            done += len(part)
        stored.flush()
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    write_json(
        path.with_suffix(".json"),
        {"count": done, "sha256": digest.hexdigest()},
    )

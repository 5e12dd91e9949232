"""LSUN as its authors distribute it: an LMDB of WebP images a category."""

import binascii
import weakref
from collections.abc import Iterator
from pathlib import Path

import lmdb
import numpy as np

from wn_gan.data.decoding import MAX_BYTES, CorruptImage
from wn_gan.data.pictures import DecodedPictures, Source
from wn_gan.data.sources.index import cached_index
from wn_gan.errors import UserError

_ENTRY = np.dtype([("key", "u1", 20), ("length", "<u4")])
_PART = 100_000
# The package lets a process open an LMDB once only.
_open_files: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


class LmdbFiles:
    """The values of an official LSUN LMDB, in the order of its keys.

    Opened read-only and without a lock, so the folder may be read-only too.
    The index (key and length of each value) is made by one pass over the
    keys, kept in the cache and memory-mapped: neither images nor keys are
    held in memory.

    Args:
        path: of the folder, e.g. "bedroom_train_lmdb".
        cache_dir: where the index is kept.

    Raises:
        UserError: if it is no LMDB, or not one of LSUN's.
    """

    def __init__(self, path: Path, cache_dir: Path):
        self.path = path
        try:
            self.database = lmdb.open(
                str(path),
                readonly=True,
                lock=False,
                readahead=False,
                create=False,
            )
        except lmdb.Error as error:
            raise UserError(f"{path}: is no LMDB: {error}") from None
        state = (path / "data.mdb").stat()
        count = self.database.stat()["entries"]
        self.index, self._sha256 = cached_index(
            cache_dir,
            path.name,
            (str(path.resolve()), state.st_size, state.st_mtime_ns, count),
            _ENTRY,
            count,
            self._entries(),
        )

    def _entries(self) -> Iterator[np.ndarray]:
        """Key and length of each value; no value's page is touched."""
        part = bytearray()
        with self.database.begin(buffers=True) as transaction:
            for key, value in transaction.cursor():
                part += self._parse_key(bytes(key))
                part += len(value).to_bytes(4, "little")
                if len(part) >= _PART * _ENTRY.itemsize:
                    yield np.frombuffer(bytes(part), _ENTRY)
                    part.clear()
        yield np.frombuffer(bytes(part), _ENTRY)

    def _parse_key(self, key: bytes) -> bytes:
        try:
            parsed = binascii.unhexlify(key)
        except binascii.Error:
            parsed = b""
        if len(parsed) != 20 or parsed.hex().encode() != key:
            raise UserError(
                f"{self.path}: an LMDB, but not LSUN's, whose keys are 40 "
                f"hexadecimal digits: this one has {key[:60]!r}"
            )
        return parsed

    def __len__(self) -> int:
        """How many."""
        return len(self.index)

    def _key(self, position: int) -> str:
        return self.index[position]["key"].tobytes().hex()

    def name(self, position: int) -> str:
        """The folder and the key."""
        return f"{self.path}: {self._key(position)}"

    def data(self, position: int) -> bytes:
        """The value."""
        if self.index[position]["length"] > MAX_BYTES:
            raise CorruptImage(f"larger than {MAX_BYTES:,} bytes")
        key = self._key(position)
        try:
            with self.database.begin() as transaction:
                value = transaction.get(key.encode())
        except lmdb.Error as error:
            raise CorruptImage(str(error)) from error
        if value is None:
            raise CorruptImage("its key is gone from the LMDB")
        return value

    def sha256(self) -> str:
        """Of keys and lengths."""
        return self._sha256


def _open(path: Path, cache_dir: Path) -> LmdbFiles:
    files = _open_files.get(path)
    if files is None:
        files = _open_files[path] = LmdbFiles(path, cache_dir)
    return files


def open_lsun(
    category: str, data_dir: str, background: str, cache_dir: Path
) -> Source | None:
    """A category's training images; None where `data_dir` has no such LMDB.

    The 300 images of LSUN's validation LMDB are not used: too few for the
    running and the final test, which take training images instead.

    Args:
        category: e.g. "bedroom".
        data_dir: folder that holds `<category>_train_lmdb`.
        background: colour under transparent pixels.
        cache_dir: where the index is kept.

    Raises:
        UserError: if what is there is no LMDB of LSUN's.
    """
    path = Path(data_dir).expanduser() / f"{category}_train_lmdb"
    if not path.is_dir():
        return None
    files = _open(path.resolve(), cache_dir)
    if not len(files):
        raise UserError(f"{path}: is empty")
    return Source(DecodedPictures(files, background))

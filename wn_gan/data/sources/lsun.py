"""LSUN as its authors distribute it: one LMDB of WebP images per category."""

import binascii
import weakref
from collections.abc import Iterator
from pathlib import Path

import lmdb
import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.pictures import DecodedPictures, Source
from wn_gan.data.sources.bounded import check_image_size
from wn_gan.data.sources.index import cached_index
from wn_gan.errors import UserError

_ENTRY = np.dtype([("key", "u1", 20), ("length", "<u4")])
_PART = 100_000
# LMDB need not write its last pages if nothing uses them.
_UNUSED_PAGES = 256
# The package `lmdb` allows a process to open a database only once.
_databases: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


class LmdbFiles:
    """The values of an official LSUN LMDB, in the order of its keys.

    The database is opened without a lock, so the folder may be read-only.
    One pass over the keys makes the index (key and length of each value). It
    is cached and memory-mapped: neither images nor keys are held in memory.

    Args:
        path: path of the folder, e.g. "bedroom_train_lmdb".
        cache_dir: folder for the index.

    Raises:
        UserError: if it is not an LMDB of LSUN, or is damaged.
    """

    def __init__(self, path: Path, cache_dir: Path):
        self.path = path
        self.database = _database(path)
        state = (path / "data.mdb").stat()
        count = self.database.stat()["entries"]
        self.index, self._sha256 = cached_index(
            cache_dir,
            path.name,
            str(path),
            (str(path.resolve()), state.st_size, state.st_mtime_ns, count),
            _ENTRY,
            count,
            self._entries(),
        )

    def _entries(self) -> Iterator[np.ndarray]:
        """Yields key and length of each value without reading the values."""
        part = bytearray()
        for key, length in self._items():
            part += self._parse_key(key)
            part += length.to_bytes(4, "little")
            if len(part) >= _PART * _ENTRY.itemsize:
                yield np.frombuffer(bytes(part), _ENTRY)
                part.clear()
        yield np.frombuffer(bytes(part), _ENTRY)

    def _items(self) -> Iterator[tuple[bytes, int]]:
        try:
            with self.database.begin(buffers=True) as transaction:
                for key, value in transaction.cursor():
                    yield bytes(key), len(value)
        except lmdb.Error as error:
            raise UserError(f"{self.path}: is damaged: {error}") from error

    def _parse_key(self, key: bytes) -> bytes:
        try:
            parsed = binascii.unhexlify(key)
        except binascii.Error:
            parsed = b""
        if len(parsed) != 20 or parsed.hex().encode() != key:
            raise UserError(
                f"{self.path}: is not LSUN's LMDB: keys must be 40 "
                f"hexadecimal digits, got {key[:60]!r}"
            )
        return parsed

    def __len__(self) -> int:
        """Number of values."""
        return len(self.index)

    def _key(self, position: int) -> str:
        return self.index[position]["key"].tobytes().hex()

    def name(self, position: int) -> str:
        """Folder and key of a value."""
        return f"{self.path}: {self._key(position)}"

    def data(self, position: int) -> bytes:
        """A value: one encoded image.

        Raises:
            CorruptImage: if it cannot be read or is larger than 256 MiB.
        """
        check_image_size(int(self.index[position]["length"]))
        key = self._key(position)
        try:
            with self.database.begin() as transaction:
                value = transaction.get(key.encode())
        except lmdb.Error as error:
            raise CorruptImage(str(error)) from error
        if value is None:
            raise CorruptImage("its key is missing from the LMDB")
        return value

    def sha256(self) -> str:
        """Hash of keys and lengths."""
        return self._sha256


def _database(path: Path) -> lmdb.Environment:
    """Opens a database, or returns it if this process has it open."""
    found = _databases.get(path)
    if found is not None:
        return found
    try:
        found = lmdb.open(
            str(path),
            readonly=True,
            lock=False,
            readahead=False,
            create=False,
        )
    except lmdb.Error as error:
        raise UserError(f"{path}: is no LMDB: {error}") from None
    # Reading beyond the end of a memory-mapped file would kill the process.
    pages = found.info()["last_pgno"] + 1 - _UNUSED_PAGES
    size = (path / "data.mdb").stat().st_size
    if size < pages * found.stat()["psize"]:
        found.close()
        raise UserError(f"{path}: is cut off: data.mdb has {size:,} bytes")
    _databases[path] = found
    return found


def open_lsun(
    category: str, data_dir: str, background: str, cache_dir: Path
) -> Source | None:
    """Opens a category's training images; None if there is no such LMDB.

    LSUN's validation LMDB is not used: its 300 images are too few for the
    running and the final test, which take training images instead.

    Args:
        category: e.g. "bedroom".
        data_dir: folder with `<category>_train_lmdb`.
        background: colour under transparent pixels.
        cache_dir: folder for the index.

    Raises:
        UserError: if it is empty or not an LMDB of LSUN.
    """
    path = Path(data_dir).expanduser() / f"{category}_train_lmdb"
    if not path.is_dir():
        return None
    files = LmdbFiles(path.resolve(), cache_dir)
    if not len(files):
        raise UserError(f"{path}: is empty")
    return Source(DecodedPictures(files, background))

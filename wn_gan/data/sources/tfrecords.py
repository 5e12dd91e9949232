"""Random access to the encoded images in TFDS's TFRecord files."""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.data.sources.bounded import check_image_size
from wn_gan.data.sources.index import cached_index
from wn_gan.errors import UserError

_ENTRY = np.dtype([("shard", "<u2"), ("offset", "<u8"), ("length", "<u8")])
# A record: length, checksum of the length, data, checksum of the data.
_LENGTH = struct.Struct("<QI")
_CHECKSUM_BYTES = 4
_PART = 100_000


class TfrecordFiles:
    """The encoded images of a TFDS split, read by position.

    TFDS itself reads such files only sequentially. One pass over the
    records' headers makes the index, which is cached.

    Args:
        label: name of the data set, for messages.
        paths: paths of the split's shards, in order.
        count: number of records.
        key: key of the image feature.
        cache_dir: folder for the index.

    Raises:
        UserError: if a file is missing or cut off, or if there are more or
            fewer records.
    """

    def __init__(
        self,
        label: str,
        paths: Sequence[str],
        count: int,
        key: str,
        cache_dir: Path,
    ):
        self.label = label
        self.key = key
        self.paths = [Path(path) for path in paths]
        self.index, self._sha256 = cached_index(
            cache_dir,
            "tfds",
            f"--dataset={label}",
            self._identity(),
            _ENTRY,
            count,
            self._entries(),
        )

    def _identity(self) -> list[tuple[str, int, int]]:
        """Path, size and time of each shard."""
        try:
            states = [os.stat(path) for path in self.paths]
        except OSError as error:
            raise UserError(
                f"--dataset={self.label}: {error.filename}: {error.strerror}"
            ) from error
        return [
            (str(path), state.st_size, state.st_mtime_ns)
            for path, state in zip(self.paths, states, strict=True)
        ]

    def _entries(self) -> Iterator[np.ndarray]:
        found = []
        for shard, path in enumerate(self.paths):
            for offset, length in self._records(path):
                found.append((shard, offset, length))
                if len(found) == _PART:
                    yield np.array(found, _ENTRY)
                    found = []
        yield np.array(found, _ENTRY)

    def _records(self, path: Path) -> Iterator[tuple[int, int]]:
        """Yields offset and length of the data of each record, in bytes."""
        size, start = path.stat().st_size, 0
        with open(path, "rb", buffering=64) as file:
            while start < size:
                file.seek(start)
                header = file.read(_LENGTH.size)
                # A header that is cut off has no length.
                length = size
                if len(header) == _LENGTH.size:
                    length, _ = _LENGTH.unpack(header)
                first = start + _LENGTH.size
                end = first + length + _CHECKSUM_BYTES
                if end > size:
                    raise UserError(
                        f"--dataset={self.label}: {path} is cut off or damaged "
                        f"in the record at byte {start:,}"
                    )
                yield first, length
                start = end

    def __len__(self) -> int:
        """Number of images."""
        return len(self.index)

    def name(self, position: int) -> str:
        """Shard of a record and its offset in bytes."""
        entry = self.index[position]
        return f"{self.paths[entry['shard']]}: byte {entry['offset']}"

    def data(self, position: int) -> bytes:
        """An encoded image.

        Raises:
            CorruptImage: if the record is damaged or larger than 256 MiB.
            OSError: if the file cannot be read.
        """
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        entry = self.index[position]
        check_image_size(int(entry["length"]))
        with open(self.paths[entry["shard"]], "rb") as file:
            file.seek(int(entry["offset"]))
            record = file.read(int(entry["length"]))
        try:
            example = tf.train.Example.FromString(record)
            return example.features.feature[self.key].bytes_list.value[0]
        except (DecodeError, IndexError) as error:
            raise CorruptImage("a damaged record") from error

    def sha256(self) -> str:
        """Hash of the records' offsets and lengths."""
        return self._sha256

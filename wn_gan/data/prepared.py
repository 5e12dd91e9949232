"""Images cropped and resized in advance: fixed-size records in a file."""

import dataclasses
import json
import math
import os
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wn_gan.data.decoding import CorruptImage
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import write_json

_FORMAT = 1


class PreparedPart:
    """One part of a prepared set.

    Reads with `pread`: the pages of a memory mapping would count as memory
    of the process.

    Args:
        path: path of the file of records.
        image_shape: height, width and channels.
        corrupt: position -> reason, for each unreadable image.

    Raises:
        OSError: if the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        image_shape: tuple[int, int, int],
        corrupt: Mapping[int, str],
    ):
        self.image_shape = image_shape
        self.corrupt = corrupt
        self._bytes = math.prod(image_shape)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def read(self, position: int) -> np.ndarray:
        """Reads one image, uint8 `[height, width, channels]`.

        Raises:
            CorruptImage: if the source image was unreadable or the file is
                too short.
        """
        if position in self.corrupt:
            raise CorruptImage(self.corrupt[position])
        offset = int(position) * self._bytes
        record = os.pread(self._file, self._bytes, offset)
        if len(record) != self._bytes:
            raise CorruptImage("the file of prepared images is too short")
        return np.frombuffer(record, np.uint8).reshape(self.image_shape)


@dataclasses.dataclass
class Manifest:
    """Contents of a prepared folder, stored in `manifest.json`.

    Attributes:
        dataset: name of the data set, as in `--dataset`.
        image_shape: height, width and channels.
        geometry: text with size, crop and filter.
        counts: number of images per part.
        sha256: hash of source and geometry per part, see `Images.sha256`.
        done: number of written images per part.
        corrupt: position -> reason, for each part's unreadable images.
    """

    dataset: str
    image_shape: list[int]
    geometry: str
    counts: dict[str, int]
    sha256: dict[str, str]
    done: dict[str, int]
    corrupt: dict[str, dict[int, str]]

    def write(self, folder: Path) -> None:
        """Writes the manifest and replaces an old one."""
        values = {"format": _FORMAT, **dataclasses.asdict(self)}
        write_json(folder / "manifest.json", values)

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Reads the folder's manifest; None if there is none.

        Raises:
            UserError: if it is damaged or has another format version.
        """
        path = folder / "manifest.json"
        if not path.exists():
            return None
        try:
            values = json.loads(path.read_text())
            if values.pop("format") != _FORMAT:
                raise ValueError("unknown format version")
            values["corrupt"] = {
                part: {int(position): why for position, why in bad.items()}
                for part, bad in values["corrupt"].items()
            }
            found = cls(**values)
            found._check_types()
            return found
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise bad_flag(
                "prepared_dir", folder, f"manifest.json is unusable: {error}"
            ) from error

    def _check_types(self) -> None:
        """Raises a ValueError for numbers that are none, or lack a part."""
        parts = set(self.counts)
        others = (self.done, self.corrupt, self.sha256)
        if any(set(each) != parts for each in others):
            raise ValueError("its parts differ")
        counts = [*self.counts.values(), *self.done.values()]
        if not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError("a number of images is no number")
        shape = self.image_shape
        if not all(type(n) is int and n > 0 for n in shape) or len(shape) != 3:
            raise ValueError(f"image_shape is {shape}")


def part_path(folder: Path, part: str) -> Path:
    """Path of the file with a part's records."""
    return folder / f"{part}.uint8"


def open_prepared(
    folder: Path, dataset: str, part: str, sha256: str
) -> PreparedPart:
    """Opens a prepared part after verifying its hash.

    Args:
        folder: `--prepared_dir`.
        dataset: name of the data set, for messages.
        part: "train", "validation" or "test".
        sha256: current hash of the part's source and geometry.

    Raises:
        UserError: if the folder holds other, older or incomplete images.
    """
    manifest = Manifest.read(folder)
    again = "run python -m wn_gan.prepare with the same flags"
    if manifest is None:
        raise bad_flag("prepared_dir", folder, f"holds no images yet: {again}")
    if manifest.sha256.get(part) != sha256:
        raise UserError(
            f"--prepared_dir={folder}: stale: prepared from {manifest.dataset} "
            f"({manifest.geometry}); the files or the options of {dataset} "
            f"have changed since; name a new folder and {again}"
        )
    count = manifest.counts[part]
    if manifest.done[part] != count:
        raise UserError(
            f"--prepared_dir={folder}: {manifest.done[part]:,} of {count:,} "
            f"{part} images are prepared; {again} to continue"
        )
    path, shape = part_path(folder, part), tuple(manifest.image_shape)
    try:
        size = path.stat().st_size
        if size != count * math.prod(shape):
            raise bad_flag(
                "prepared_dir",
                folder,
                f"{path.name} has {size:,} bytes instead of those of {count:,} "
                f"images: delete the folder and {again}",
            )
        return PreparedPart(path, shape, manifest.corrupt[part])
    except OSError as error:
        raise bad_flag("prepared_dir", folder, f"{error}") from error

"""Images cropped and resized beforehand: fixed-size records in a file."""

import dataclasses
import json
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
    """One part of a prepared set; read with `pread`, not through a mapping.

    (Pages of a mapping would count as the process's own memory.)

    Args:
        path: of the file of records.
        image_shape: height, width and channels.
        corrupt: position -> why there is no such image.

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
        self._bytes = int(np.prod(image_shape))
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def read(self, position: int) -> np.ndarray:
        """One image, uint8 `[height, width, channels]`.

        Raises:
            CorruptImage: where the source's image could not be read.
        """
        if position in self.corrupt:
            raise CorruptImage(self.corrupt[position])
        offset = int(position) * self._bytes
        record = os.pread(self._file, self._bytes, offset)
        if len(record) != self._bytes:
            raise CorruptImage("the file of prepared images ends before it")
        return np.frombuffer(record, np.uint8).reshape(self.image_shape)


@dataclasses.dataclass
class Manifest:
    """What a prepared folder holds; the file `manifest.json`.

    Attributes:
        dataset: its name, as in `--dataset`.
        image_shape: height, width and channels.
        geometry: in words: size, crop, filter.
        counts: images of each part.
        sha256: of each part's source and geometry, see `Images.sha256`.
        done: images of each part that are written.
        corrupt: of each part, position -> why it could not be read.
    """

    dataset: str
    image_shape: list[int]
    geometry: str
    counts: dict[str, int]
    sha256: dict[str, str]
    done: dict[str, int]
    corrupt: dict[str, dict[int, str]]

    def write(self, folder: Path) -> None:
        """Replaces the folder's manifest."""
        values = {"format": _FORMAT, **dataclasses.asdict(self)}
        write_json(folder / "manifest.json", values)

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The folder's manifest; None if it has none.

        Raises:
            UserError: if it is damaged or of another version.
        """
        path = folder / "manifest.json"
        if not path.exists():
            return None
        try:
            values = json.loads(path.read_text())
            if values.pop("format") != _FORMAT:
                raise ValueError("of another version")
            values["corrupt"] = {
                part: {int(position): why for position, why in bad.items()}
                for part, bad in values["corrupt"].items()
            }
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise bad_flag(
                "prepared_dir", folder, f"manifest.json is unusable: {error}"
            ) from error


def part_path(folder: Path, part: str) -> Path:
    """The file of a part's records."""
    return folder / f"{part}.uint8"


def open_prepared(
    folder: Path, dataset: str, part: str, sha256: str
) -> PreparedPart:
    """A prepared part, made sure to be the one that is wanted.

    Args:
        folder: `--prepared_dir`.
        dataset: name, for messages.
        part: "train", "validation" or "test".
        sha256: of the part's source and geometry as they are now.

    Raises:
        UserError: if the folder holds something else, older images, or not
            yet all of them.
    """
    manifest = Manifest.read(folder)
    again = "run python -m wn_gan.prepare with the same flags"
    if manifest is None:
        raise bad_flag("prepared_dir", folder, f"holds no images yet: {again}")
    if manifest.sha256.get(part) != sha256:
        raise UserError(
            f"--prepared_dir={folder}: stale: prepared from {manifest.dataset} "
            f"({manifest.geometry}), and {dataset} as it is now, or with "
            "these options, is not the same; name a new folder and "
            f"{again}"
        )
    count = manifest.counts[part]
    if manifest.done[part] != count:
        raise UserError(
            f"--prepared_dir={folder}: {manifest.done[part]:,} of {count:,} "
            f"{part} images are prepared; {again} to go on"
        )
    try:
        shape = tuple(manifest.image_shape)
        return PreparedPart(
            part_path(folder, part), shape, manifest.corrupt[part]
        )
    except OSError as error:
        raise bad_flag("prepared_dir", folder, f"{error}") from error

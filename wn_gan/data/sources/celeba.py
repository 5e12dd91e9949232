"""CelebA as its authors distribute it: aligned JPEGs and a partition."""

from pathlib import Path, PurePosixPath

import numpy as np

from wn_gan.data.pictures import ChosenPictures, DecodedPictures, Source
from wn_gan.data.sources.folder import FolderFiles
from wn_gan.data.sources.zip_archive import open_zip_files
from wn_gan.errors import UserError

STEM = "img_align_celeba"
PARTITION = "list_eval_partition.txt"
_PARTS = ("train", "validation", "test")


def open_celeba(data_dir: str, background: str) -> Source | None:
    """Opens CelebA's aligned faces, 178x218, in the official split.

    Args:
        data_dir: folder with `img_align_celeba.zip` or the folder
            `img_align_celeba`, and with `list_eval_partition.txt`. Without
            the partition, all images are training images.
        background: colour under transparent pixels.

    Returns:
        None if neither archive nor folder exists.

    Raises:
        UserError: if the archive or the partition is unusable.
    """
    root = Path(data_dir).expanduser()
    files = _open_files(root)
    if files is None:
        return None
    pictures = DecodedPictures(files, background)
    skipped = tuple(getattr(files, "skipped", ()))
    if not (root / PARTITION).is_file():
        return Source(pictures, skipped=skipped)
    parts, strangers = _read_partition(root / PARTITION, files.names)
    chosen = [ChosenPictures(pictures, part) for part in parts]
    train, validation, test = (part if len(part) else None for part in chosen)
    if train is None:
        raise UserError(
            f"{root / PARTITION}: none of its training images is in "
            f"{root / STEM}"
        )
    return Source(train, validation, test, skipped + tuple(strangers))


def _open_files(root: Path):
    if (root / f"{STEM}.zip").is_file():
        return open_zip_files(root / f"{STEM}.zip", "celeba")
    if (root / STEM).is_dir():
        files = FolderFiles(root / STEM)
        return files if len(files) else None
    return None


def _read_partition(
    path: Path, names: list[str]
) -> tuple[list[np.ndarray], list[str]]:
    """Positions per part, and messages for names without a unique match."""
    there, strangers = _by_file_name(names)
    found: list[list[int]] = [[] for _ in _PARTS]
    text = path.read_text(errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in ("0", "1", "2"):
            raise UserError(
                f"{path}: line {number} is not a file name and 0, 1 or 2: "
                f"{line[:60]!r}"
            )
        position = there.pop(words[0], None)
        if position is None:
            strangers.append(f"{words[0]}: in {PARTITION}, but not there")
        else:
            found[int(words[1])].append(position)
    strangers += [f"{name}: not in {PARTITION}" for name in there]
    return [np.array(part, np.int64) for part in found], strangers


def _by_file_name(names: list[str]) -> tuple[dict[str, int], list[str]]:
    """Positions by file name, and messages for names of earlier files."""
    found: dict[str, int] = {}
    repeated = []
    for position, path in enumerate(names):
        name = PurePosixPath(path).name
        first = found.setdefault(name, position)
        if first != position:
            repeated.append(f"{path}: has the same name as {names[first]}")
    return found, repeated

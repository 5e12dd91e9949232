"""A folder of image files, flat or nested."""

import hashlib
import os
from pathlib import Path

from wn_gan.data.decoding import SUFFIXES
from wn_gan.data.pictures import DecodedPictures, Source
from wn_gan.data.sources.bounded import read_image
from wn_gan.errors import UserError


class FolderFiles:
    """All image files below a folder, in the order of their paths.

    Hidden files and hidden folders are left out.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.root = root
        self.names = sorted(_image_names(root))

    def __len__(self) -> int:
        """Number of files."""
        return len(self.names)

    def name(self, position: int) -> str:
        """Path of a file."""
        return str(self.root / self.names[position])

    def data(self, position: int) -> bytes:
        """Content of a file.

        Raises:
            CorruptImage: if it is larger than 256 MiB.
            OSError: if it cannot be read.
        """
        with open(self.root / self.names[position], "rb") as file:
            return read_image(file)

    def sha256(self) -> str:
        """Hash of the files' relative paths and lengths."""
        digest = hashlib.sha256()
        for name in self.names:
            length = _length(self.root / name)
            digest.update(f"{name}\0{length}\n".encode(errors="replace"))
        return digest.hexdigest()


def _length(path: Path) -> int:
    """Length of a file; -1 of a link to nowhere, which is left out later."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _image_names(root: Path) -> list[str]:
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if not one.startswith(".")]
        names += [
            Path(folder, file).relative_to(root).as_posix()
            for file in files
            if file.lower().endswith(SUFFIXES) and not file.startswith(".")
        ]
    return names


def open_folder(path: str, background: str) -> Source:
    """Opens all images below a folder; there is no test split.

    Args:
        path: the folder.
        background: colour under transparent pixels.

    Raises:
        UserError: if there is no such folder or no image in it.
    """
    root, label = Path(path).expanduser(), f"folder:{path}"
    if not root.is_dir():
        raise UserError(f"--dataset={label}: no such folder")
    files = FolderFiles(root)
    if not len(files):
        raise UserError(
            f"--dataset={label}: no images in it ({', '.join(SUFFIXES)})"
        )
    return Source(DecodedPictures(files, background))

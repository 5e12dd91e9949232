"""Images in a zip archive; nothing is unpacked to disk."""

import hashlib
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from wn_gan.data.decoding import MAX_BYTES, SUFFIXES, CorruptImage
from wn_gan.data.pictures import DecodedPictures, Source
from wn_gan.data.sources.bounded import read_image
from wn_gan.errors import UserError

_ENCRYPTED = 0x1


class ZipFiles:
    """All image files of a zip archive, in the order of their names.

    Names of entries never become paths on disk. An entry is left out and
    listed in `skipped` if its name leads out of the archive, if it is
    encrypted, or if its header gives a size over 256 MiB.

    Args:
        path: path of the archive.

    Raises:
        OSError: if the file cannot be read.
        zipfile.BadZipFile: if it is not a zip archive.
    """

    def __init__(self, path: Path):
        self.path = path
        self.archive = zipfile.ZipFile(path)
        self.entries, self.skipped = [], []
        for entry in self.archive.infolist():
            if not _is_image(entry):
                continue
            reason = _refusal(entry)
            if reason is None:
                self.entries.append(entry)
            else:
                self.skipped.append(f"{path}: {entry.filename!r}: {reason}")
        self.entries.sort(key=lambda entry: entry.filename)
        self.names = [entry.filename for entry in self.entries]

    def __len__(self) -> int:
        """Number of images."""
        return len(self.entries)

    def name(self, position: int) -> str:
        """Archive and name of an entry."""
        return f"{self.path}: {self.names[position]}"

    def data(self, position: int) -> bytes:
        """Content of an entry.

        Raises:
            CorruptImage: if it is damaged or larger than 256 MiB.
        """
        try:
            with self.archive.open(self.entries[position]) as file:
                return read_image(file)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise CorruptImage(str(error) or repr(error)) from error

    def sha256(self) -> str:
        """Hash of the entries' names, lengths and checksums."""
        digest = hashlib.sha256()
        for entry in self.entries:
            line = f"{entry.filename}\0{entry.file_size} {entry.CRC:08x}\n"
            digest.update(line.encode(errors="replace"))
        return digest.hexdigest()


def _is_image(entry: zipfile.ZipInfo) -> bool:
    """Whether the name is that of an image, neither hidden nor macOS's."""
    parts = PurePosixPath(entry.filename).parts
    hidden = any(p.startswith(".") and p != ".." for p in parts)
    image = entry.filename.lower().endswith(SUFFIXES)
    return image and not hidden and "__MACOSX" not in parts


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "its name leads out of the archive"
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted"
    if entry.file_size > MAX_BYTES:
        return f"larger than {MAX_BYTES:,} bytes"
    return None


def open_zip_files(path: Path, label: str) -> ZipFiles:
    """Opens the image files of an archive.

    Args:
        path: path of the archive.
        label: name of the data set, for messages.

    Raises:
        UserError: if the archive is missing, unusable or without images.
    """
    try:
        files = ZipFiles(path)
    except FileNotFoundError:
        raise UserError(f"--dataset={label}: no such file: {path}") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"--dataset={label}: {path} is no zip archive that can be read: "
            f"{error}"
        ) from error
    if not len(files):
        raise UserError(
            f"--dataset={label}: no images in {path} ({', '.join(SUFFIXES)})"
        )
    return files


def open_zip(path: str, background: str) -> Source:
    """Opens all images of a zip archive; there is no test split.

    Args:
        path: path of the archive.
        background: colour under transparent pixels.

    Raises:
        UserError: if the archive is missing, unusable or without images.
    """
    files = open_zip_files(Path(path).expanduser(), f"zip:{path}")
    return Source(
        DecodedPictures(files, background), skipped=tuple(files.skipped)
    )

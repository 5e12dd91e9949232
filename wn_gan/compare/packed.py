"""A study's bundle as one compressed file."""

import contextlib
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from wn_gan.errors import UserError
from wn_gan.files import is_partial, replacing

# More than any bundle has: an archive from elsewhere must not fill the disk.
_MOST_BYTES = 2**30
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,  # encrypted
    ValueError,  # a name that is no text
)


def pack(folder: Path, archive: Path) -> None:
    """Writes a folder's files as a zip.

    The same files give the same bytes, with one version of zlib.

    Args:
        folder: of the bundle.
        archive: the `.zip` to write.

    Raises:
        OSError: if it cannot be written.
    """
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not is_partial(path.name)
    )
    with (
        replacing(archive) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for path in paths:
            # Its date is that of 1980, not the file's.
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes(), compresslevel=9)


def unpack(archive: Path, folder: Path) -> None:
    """Writes the files of a packed bundle.

    Args:
        archive: the `.zip`.
        folder: for its files.

    Raises:
        UserError: if it is no zip archive, or is larger than a bundle.
        OSError: if a file cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
            if size > _MOST_BYTES:
                raise UserError(
                    f"{archive}: would be {size:,} bytes: no bundle"
                )
            packed.extractall(folder)  # never writes outside the folder
    except _DAMAGED as error:
        raise UserError(
            f"{archive}: is no zip archive that can be read: {error}"
        ) from error


@contextlib.contextmanager
def unpacked(bundle: str | Path) -> Iterator[Path]:
    """Yields the folder of a bundle, for as long as it is read.

    Args:
        bundle: its folder, or the `.zip` of it.

    Raises:
        UserError: as `unpack`.
    """
    if not Path(bundle).is_file():
        yield Path(bundle)
        return
    with tempfile.TemporaryDirectory() as folder:
        unpack(Path(bundle), Path(folder))
        yield Path(folder)

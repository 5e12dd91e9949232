"""Images as files, archives and databases, for the tests of the sources."""

import io
import zipfile

import lmdb
from PIL import Image


def encoded(picture, form, **options):
    """The bytes of a PIL image as a file of this form."""
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def png(pixels):
    """A PNG of an array."""
    return encoded(Image.fromarray(pixels), "PNG")


def webp(pixels):
    """A lossless WebP of an array."""
    return encoded(Image.fromarray(pixels), "WEBP", lossless=True)


def write_zip(path, entries):
    """A zip archive of name -> content."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def write_lmdb(path, items, map_size=2**26):
    """An LMDB of key -> value."""
    path.mkdir(parents=True)
    with lmdb.open(str(path), map_size=map_size) as database:
        with database.begin(write=True) as transaction:
            for key, value in items.items():
                transaction.put(key, value)
    return path

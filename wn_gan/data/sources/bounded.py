"""Reading without trust in a stated length."""

from typing import BinaryIO

from wn_gan.data.decoding import MAX_BYTES, CorruptImage

_PIECE_BYTES = 2**20


def read_at_most(file: BinaryIO, size: int) -> bytes:
    """Reads the next bytes of a file, in pieces.

    `file.read(size)` would allocate `size` bytes in advance. Here the memory
    follows the content.

    Args:
        file: the open file.
        size: number of bytes.

    Returns:
        Fewer bytes if the file ends.
    """
    pieces = []
    while size and (piece := file.read(min(size, _PIECE_BYTES))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def read_image(file: BinaryIO) -> bytes:
    """Reads an encoded image to the end of its file.

    Raises:
        CorruptImage: if it is larger than 256 MiB.
    """
    content = read_at_most(file, MAX_BYTES + 1)
    check_image_size(len(content))
    return content


def check_image_size(size: int) -> None:
    """Refuses an encoded image of more than 256 MiB; `size` in bytes."""
    if size > MAX_BYTES:
        raise CorruptImage(f"larger than {MAX_BYTES:,} bytes")

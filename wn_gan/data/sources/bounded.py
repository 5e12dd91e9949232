"""Reading without trust in a stated length."""

from typing import BinaryIO

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

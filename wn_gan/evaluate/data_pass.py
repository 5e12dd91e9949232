"""One pass over the training images; a killed one goes on where it was.

All sums are exact integers (see `data.exact_products`), so neither the size
of a piece nor an interruption changes a result.
"""

import contextlib
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wn_gan.data import Subset
from wn_gan.data.exact_products import add_column_products, column_sums
from wn_gan.data.nearest import Neighbours
from wn_gan.data.pieces import piece_size, read_pieces
from wn_gan.files import remove_partials, write_npz
from wn_gan.progress import Progress

SAVE_SECONDS = 30
_STATE = "pass.npz"


class Statistics:
    """Sums and nearest images of the training images seen so far.

    Args:
        targets: uint8 `[n, numbers]`, whose nearest image is looked for.
        with_products: whether the covariance is wanted, which takes
            numbers**2 * 8 bytes.
    """

    def __init__(self, targets: np.ndarray, with_products: bool):
        numbers = targets.shape[1]
        size = numbers if with_products else 0
        self.done = 0
        self.sums = np.zeros(numbers)
        self.products = np.zeros((size, size), order="F")
        self.neighbours = Neighbours(targets)

    def add(self, indexes: np.ndarray, flat: np.ndarray) -> None:
        """Adds images.

        Args:
            indexes: of the images in the training set, int `[n]`.
            flat: uint8 `[n, numbers]`.
        """
        self.sums += column_sums(flat)
        if self.products.size:
            add_column_products(self.products, flat)
        self.neighbours.update(indexes, flat)
        self.done += len(flat)

    def mean(self) -> np.ndarray:
        """The mean image, of `signed` pixels: float64 `[numbers]`."""
        return self.sums / self.done

    def covariance(self) -> np.ndarray:
        """float64 `[numbers, numbers]`; the upper triangle is meaningful."""
        mean = self.mean()
        result = self.products / self.done
        result -= np.outer(mean, mean)
        return result

    def state(self) -> dict[str, np.ndarray]:
        """Everything that `restore` needs."""
        return {
            "done": np.array(self.done),
            "sums": self.sums,
            "products": self.products,
            "indexes": self.neighbours.indexes,
            "distances": self.neighbours.distances,
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes over the state of a pass over the same images."""
        self.neighbours.distances = state["distances"]
        self.neighbours.indexes = state["indexes"]
        self.products = state["products"]
        self.sums = state["sums"]
        self.done = int(state["done"])


def data_pass(
    train: Subset,
    chosen: np.ndarray,
    statistics: Statistics,
    folder: Path,
    shown: bool = True,
) -> None:
    """Reads the chosen training images once.

    Args:
        train: the training images.
        chosen: indexes of the chosen ones in `train`.
        statistics: of no images yet; it gets those of all.
        folder: of this pass alone. It holds the state of a pass that was
            killed; then only the images not yet seen are read.
        shown: whether to show the progress.

    Raises:
        UserError: if too many images cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_partials(folder)
    state = _read(folder / _STATE)
    if state is not None:
        statistics.restore(state)
    done = statistics.done
    pieces = read_pieces(train, chosen[done:], piece_size(train.shape[1:]))
    saved = time.monotonic()
    with (
        contextlib.closing(pieces),
        Progress(len(chosen), "training images", done, shown) as progress,
    ):
        for piece in pieces:
            first = statistics.done
            indexes = chosen[first : first + len(piece)]
            statistics.add(indexes, piece.reshape(len(piece), -1))
            progress.advance(len(piece))
            if time.monotonic() - saved >= SAVE_SECONDS:
                write_npz(folder / _STATE, statistics.state())
                saved = time.monotonic()


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The saved state; None if there is none, or it is damaged."""
    try:
        # NumPy leaves a damaged file open.
        with open(path, "rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None

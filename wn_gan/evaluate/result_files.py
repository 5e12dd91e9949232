"""What a finished test writes for readers: a table and pictures."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.files import write_text
from wn_gan.images import grid, pairs_grid, save_png, save_shown

MILESTONES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SHOWN = 8


def write_table(
    folder: Path, ids: Sequence[str], losses: np.ndarray, curve: np.ndarray
) -> None:
    """Writes `per_image.csv`: each image's loss, and how the search got there.

    Args:
        folder: of the test.
        ids: one name per image.
        losses: `[images]`.
        curve: `[evaluations + 1, images]`, best loss after each evaluation.
    """
    steps = [n for n in MILESTONES if n < len(curve)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "loss", *(f"loss_after_{n}" for n in steps)])
    for i, name in enumerate(ids):
        after = (_digits(curve[n, i]) for n in steps)
        table.writerow([name, _digits(losses[i]), *after])
    write_text(folder / "per_image.csv", text.getvalue())


def read_losses(folder: Path) -> np.ndarray:
    """Loss of each image of a finished test, `[images]`."""
    with open(folder / "per_image.csv", newline="") as file:
        return np.array([float(r["loss"]) for r in csv.DictReader(file)])


def write_best_median_worst(
    folder: Path, targets: np.ndarray, found: np.ndarray, losses: np.ndarray
) -> None:
    """Writes a grid of the best, the median and the worst images.

    Args:
        folder: of the test.
        targets: uint8 `[images, height, width, channels]`.
        found: their reconstructions, likewise.
        losses: `[images]`.
    """
    order = np.argsort(losses)
    middle = max(len(order) // 2 - SHOWN // 2, 0)
    chosen = np.concatenate(
        [order[:SHOWN], order[middle : middle + SHOWN], order[-SHOWN:]]
    )
    save_shown(
        pairs_grid(targets[chosen], found[chosen]),
        folder / "best_median_worst.png",
        "test images above their reconstructions: best, median, worst",
    )


def write_pairs(
    folder: Path, ids: Sequence[str], targets: np.ndarray, found: np.ndarray
) -> None:
    """Writes a PNG per image: target, reconstruction.

    Args:
        folder: of the test.
        ids: one name per image.
        targets: uint8 `[images, height, width, channels]`.
        found: their reconstructions, likewise.
    """
    for i, name in enumerate(ids):
        pair = grid(np.stack([targets[i], found[i]]), columns=2)
        # A file's own name need not be one here.
        stem = name if name.isdigit() else f"{i:06}"
        save_png(pair, folder / "pairs" / f"{stem}.png", name)


def _digits(loss: float) -> str:
    """Nine digits: all that a float32 holds."""
    return f"{loss:.9g}"

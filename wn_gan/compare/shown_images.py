"""The same few test images for all norms: targets and reconstructions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from wn_gan.compare.results import Result
from wn_gan.files import write_json
from wn_gan.images import beside, grid, save_png
from wn_gan.runs.json_files import read_json

EACH = 4  # of the best, of those around the median, of the worst
_PICTURE, _LIST = "shown.png", "shown.json"


def shown_images(runs: Sequence[Result]) -> list[str]:
    """Chooses the images that the runs together make best, worst, between.

    Args:
        runs: one of each norm.

    Returns:
        Names of `EACH` images of each kind; fewer of a small test.
    """
    tested = [run.losses for run in runs if run.losses]
    if not tested:
        return []
    names = list(tested[0])
    means = [np.mean([losses[name] for losses in tested]) for name in names]
    order = np.argsort(means, kind="stable")
    middle = max(len(order) // 2 - EACH // 2, 0)
    chosen = [*order[:EACH], *order[middle:][:EACH], *order[-EACH:]]
    return [names[i] for i in dict.fromkeys(chosen)]


def keep_shown_images(pairs: Path, names: Sequence[str], test: Path) -> None:
    """Writes the images' targets and reconstructions as one small grid.

    Args:
        pairs: folder of the pairs of a final test.
        names: of the images.
        test: folder of the test's results in a bundle.
    """
    found = [pairs / f"{name}.png" for name in names]
    if not found or not all(path.exists() for path in found):
        return
    halves = zip(*(_halves(path) for path in found), strict=True)
    left, right = (grid(np.stack(images), EACH) for images in halves)
    save_png(beside(left, right), test / _PICTURE)
    write_json(test / _LIST, {"images": list(names)})


def kept_picture(test: Path, names: Sequence[str]) -> Path | None:
    """The grid of a final test, if it shows these images.

    Args:
        test: folder of the test.
        names: of the images.
    """
    stored = read_json(test / _LIST) or {}
    picture = test / _PICTURE
    shows = stored.get("images") == list(names)
    return picture if shows and picture.exists() else None


def _halves(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Target and reconstruction of a pair, with one pixel between them."""
    with Image.open(path) as picture:
        pair = np.asarray(picture)
    pair = pair[..., np.newaxis] if pair.ndim == 2 else pair
    width = (pair.shape[1] - 1) // 2
    return pair[:, :width], pair[:, width + 1 :]

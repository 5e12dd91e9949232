"""A folder of PNGs named by their seeds, whole after each call."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from wn_gan.errors import bad_flag
from wn_gan.files import replacing, write_json
from wn_gan.images import save_png

_LIST = "files.json"


def write_pngs(
    folder: Path, images: Iterable[np.ndarray | bytes], first_seed: int
) -> None:
    """Writes one PNG per image, named by its seed.

    Files of earlier calls, which `files.json` lists, are replaced.

    Args:
        folder: folder of the files.
        images: uint8 `[height, width, channels]`, or PNGs already.
        first_seed: seed of the first image; the others follow.

    Raises:
        UserError: for a file of that name that no earlier call has written.
    """
    new = {
        f"{number:06}.png": image
        for number, image in enumerate(images, first_seed)
    }
    old = set(_written(folder))
    for name in new.keys() - old:
        if (folder / name).exists():
            raise bad_flag(
                "output",
                folder.parent,
                f"{folder.name}/{name} is not in {_LIST}, the list of what "
                "earlier calls have written: name a new folder",
            )
    # A kill at any point leaves a list of all that this or an earlier call
    # has written.
    write_json(folder / _LIST, {"files": sorted(old | new.keys())})
    for name in old - new.keys():
        (folder / name).unlink(missing_ok=True)
    for name, image in new.items():
        _write(image, folder / name)
    write_json(folder / _LIST, {"files": sorted(new)})


def _write(image: np.ndarray | bytes, path: Path) -> None:
    if not isinstance(image, bytes):
        save_png(image, path)
        return
    with replacing(path) as partial:
        partial.write_bytes(image)


def _written(folder: Path) -> list[str]:
    """Names of the files that earlier calls have written.

    The list may be a stranger's: other files are never deleted.
    """
    try:
        names = json.loads((folder / _LIST).read_text())["files"]
        return [name for name in names if re.fullmatch(r"\d+\.png", name)]
    except (OSError, ValueError, KeyError, TypeError):
        return []

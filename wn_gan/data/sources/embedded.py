"""The drawn faces in the package: they need no download."""

from importlib import resources

import numpy as np

from wn_gan.data.pictures import ArrayPictures, Source


def open_faces() -> Source:
    """Opens 10,000 colour faces, 32x32, CC0; see `NOTICE.md` there."""
    path = resources.files("wn_gan.data") / "pixelart_faces32.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        palette = stored["palette"]
        train, test = (
            palette[stored[name]].repeat(2, axis=1).repeat(2, axis=2)
            for name in ("x_train", "x_test")
        )
    return Source(ArrayPictures(train), test=ArrayPictures(test))

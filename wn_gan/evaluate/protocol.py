"""What a reconstruction loss must name to be compared with another."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a loss was measured: two losses of one protocol are comparable.

    Attributes:
        dataset: name of the data set, as in `--dataset`.
        part_sha256: content hash of the images that were tested.
        num_images: of them.
        image_shape: height, width and channels.
        resize: filter of the resizing.
        solver: of the search for codes.
        evaluations: gradient evaluations an image.
        start: where the search begins.
        num_starts: searches an image.
        prior_penalty: weight of the code's mean square.
    """

    dataset: str
    part_sha256: str
    num_images: int
    image_shape: tuple[int, int, int]
    resize: str
    solver: str
    evaluations: int
    start: str = "zero"
    num_starts: int = 1
    prior_penalty: float = 0.0

    def __str__(self) -> str:
        """One word, fit for a folder's name.

        A path is left out (the hash tells its images), so that the same
        measurement on another machine has the same protocol.
        """
        kind = self.dataset.partition(":")[0]
        source = kind if kind in ("folder", "npz") else self.dataset
        height, width, channels = self.image_shape
        parts = [
            re.sub(r"[^A-Za-z0-9.]+", "_", source),
            self.part_sha256[:12],
            f"n{self.num_images}",
            f"{width}x{height}x{channels}",
            self.resize,
            f"{self.solver}{self.evaluations}",
            self.start,
            f"starts{self.num_starts}",
        ]
        if self.prior_penalty:
            parts.append(f"prior{self.prior_penalty:g}")
        return "-".join(parts)

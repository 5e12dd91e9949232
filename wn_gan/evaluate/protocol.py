"""Protocol of a reconstruction loss, which makes losses comparable."""

import dataclasses
import hashlib
import re

_KINDS_OF_PATHS = ("folder", "npz", "zip")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a loss was measured; losses with equal protocols are comparable.

    Attributes:
        dataset: name of the data set, as in `--dataset`.
        part_sha256: content hash of the test images.
        num_images: number of test images.
        image_shape: height, width and channels.
        resize: resize filter.
        solver: solver of the code search.
        evaluations: gradient evaluations per image.
        start: kind of initial codes.
        num_starts: searches per image.
        prior_penalty: weight of the penalty on the code's mean square.
        batch_size: images that are searched together, where the result
            depends on it; else None.
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
    batch_size: int | None = None

    def __str__(self) -> str:
        """A short word, usable as a folder name.

        It contains no path, so the same measurement on another machine has
        the same protocol. Its hash is of all attributes.
        """
        digest = hashlib.sha256(self.in_full.encode()).hexdigest()
        return "-".join(
            [
                word_of(self.dataset),
                f"{self.solver}{self.evaluations}",
                f"n{self.num_images}",
                digest[:8],
            ]
        )

    @property
    def in_full(self) -> str:
        """All attributes in one word."""
        height, width, channels = self.image_shape
        parts = [
            word_of(self.dataset),
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
        if self.batch_size is not None:
            parts.append(f"batch{self.batch_size}")
        return "-".join(parts)


def word_of(dataset: str) -> str:
    """A data set in one word, without a path.

    Args:
        dataset: name of the data set, as in `--dataset`.
    """
    kind = dataset.partition(":")[0]
    source = kind if kind in _KINDS_OF_PATHS else dataset
    return re.sub(r"[^A-Za-z0-9.]+", "_", source)

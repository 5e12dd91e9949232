"""Keeps results that a new test in the same folder replaces."""

from collections.abc import Sequence
from pathlib import Path

from wn_gan.evaluate.manifest import written_identity

# Files and folders of one final test, in the order in which they are moved:
# after a kill, no manifest claims what is left, and the summary that is left
# has the rest moved too.
_RESULTS = (
    "manifest.json",
    "per_image.csv",
    "codes.npz",
    "controls.json",
    "best_median_worst.png",
    "pairs",
    "summary.json",
)
_PREFIX = "superseded_"


def supersede(folder: Path, identity: str) -> Path | None:
    """Renames the results in a folder, unless they are of an identity.

    Parts of a test that was interrupted stay: they carry their own identity.

    Args:
        folder: of a final test.
        identity: of the test that will write there.

    Returns:
        The folder that the results are in now; None if there was no other
        result.
    """
    if not (folder / "summary.json").exists():
        return None
    if written_identity(folder) == identity:
        return None
    return keep(folder, _RESULTS)


def keep(folder: Path, names: Sequence[str]) -> Path:
    """Renames results into the next `superseded_<n>`; returns that folder.

    Args:
        folder: of a final test.
        names: of files and folders; those that are not there are left out.
    """
    numbers = [
        int(path.name.removeprefix(_PREFIX))
        for path in folder.glob(f"{_PREFIX}*")
        if path.name.removeprefix(_PREFIX).isdigit()
    ]
    kept = folder / f"{_PREFIX}{max(numbers, default=0) + 1}"
    kept.mkdir()
    for name in names:
        if (folder / name).exists():
            (folder / name).rename(kept / name)
    return kept

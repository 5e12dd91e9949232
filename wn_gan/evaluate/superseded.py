"""Keeps results that a new test in the same folder replaces."""

from pathlib import Path

from wn_gan.evaluate.manifest import written_identity

# Files and folders of one final test.
_RESULTS = (
    "summary.json",
    "manifest.json",
    "per_image.csv",
    "codes.npz",
    "controls.json",
    "best_median_worst.png",
    "pairs",
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
    numbers = [
        int(path.name.removeprefix(_PREFIX))
        for path in folder.glob(f"{_PREFIX}*")
        if path.name.removeprefix(_PREFIX).isdigit()
    ]
    kept = folder / f"{_PREFIX}{max(numbers, default=0) + 1}"
    kept.mkdir()
    for name in _RESULTS:
        if (folder / name).exists():
            (folder / name).rename(kept / name)
    return kept

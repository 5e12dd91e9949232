"""Runs of a study's bundle: results without weights."""

from pathlib import Path

from wn_gan.errors import bad_flag
from wn_gan.runs.folder import read_json

LIST = "study.json"


def bundled_runs(bundle: str | Path) -> list[str]:
    """Folders of a bundle's runs, in the report's order.

    Args:
        bundle: its folder.

    Raises:
        UserError: if the folder holds no bundle.
    """
    found = read_json(Path(bundle) / LIST)
    names = found.get("runs") if found else None
    if not isinstance(names, list) or not names:
        raise bad_flag("bundle", bundle, f"holds no bundle (no {LIST})")
    # A name is a name: a bundle from elsewhere reads nothing outside itself.
    return [str(Path(bundle) / Path(str(name)).name) for name in names]

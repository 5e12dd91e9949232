"""The short name of an extractor; without opening it."""

import re
from pathlib import Path


def extractor_name(choice: str) -> str:
    """An extractor in one word, usable in a file's name.

    Args:
        choice: as in `--feature_extractor`.
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", Path(choice).stem)

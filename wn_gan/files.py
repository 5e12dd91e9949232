"""Small files, written whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder() -> Path:
    """What can be made again: $XDG_CACHE_HOME/wn_gan or ~/.cache/wn_gan."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wn_gan"


def write_json(path: Path, value: Mapping) -> None:
    """Writes readable JSON; a reader sees the old file or the new one."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)

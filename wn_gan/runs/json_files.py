"""The JSON files of a run, read with one line for a damaged one."""

import json
from pathlib import Path
from typing import Any

from wn_gan.errors import UserError

MANIFEST = "manifest.json"
# What using the content of a stranger's file may raise.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def read_json(path: Path, kind: type = dict) -> Any:
    """Content of a JSON file of a run; None if there is no such file.

    Args:
        path: of the file.
        kind: of its content.

    Raises:
        UserError: for a damaged file, or one of another kind.
    """
    try:
        found = json.loads(path.read_text())
        if not isinstance(found, kind):
            raise ValueError(f"holds no {kind.__name__}")
        return found
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def read_manifest(test: Path) -> dict:
    """Content of the manifest of a final test; empty if it has none.

    Args:
        test: folder of the final test.
    """
    try:
        return read_json(test / MANIFEST) or {}
    except UserError:
        return {}

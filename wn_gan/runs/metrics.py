"""`metrics.jsonl`: one JSON object per line, each step once, in order."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wn_gan.errors import UserError
from wn_gan.files import naming, write_text
from wn_gan.runs.json_files import DAMAGED


class MetricsFile:
    """Appends lines; drops those after the step that a run resumes at.

    Args:
        path: path of the file, which need not exist yet.
    """

    def __init__(self, path: Path):
        self.path = path

    def cut_after(self, step: int) -> None:
        """Drops all lines after `step`, which training will write again.

        A run resumes at its last checkpoint, which may be older than its
        last line. This also drops an incomplete last line.
        """
        if self.path.exists():
            kept = [r for r in read_metrics(self.path) if r["step"] <= step]
            text = "".join(json.dumps(record) + "\n" for record in kept)
            write_text(self.path, text)

    def append(self, record: Mapping[str, Any]) -> None:
        """Appends one line and flushes it."""
        with naming(self.path), open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Reads a metrics file; ignores an incomplete last line.

    Raises:
        UserError: for a file that training has not written.
    """
    records = []
    try:
        for line in path.read_text().splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                break
            records.append({**record, "step": int(record["step"])})
    except DAMAGED as error:
        raise UserError(f"{path}: cannot be read: {error!r}") from error
    return records

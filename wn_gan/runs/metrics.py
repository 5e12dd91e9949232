"""`metrics.jsonl`: one JSON object a line, each step once and in order."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wn_gan.files import naming, write_text


class MetricsFile:
    """Appends lines, and cuts off what a killed run wrote too much.

    Args:
        path: of the file, which need not exist yet.
    """

    def __init__(self, path: Path):
        self.path = path

    def cut_after(self, step: int) -> None:
        """Drops all lines after `step`: they will be written again.

        A run resumes at its last checkpoint, which may be older than its
        last line; a line that a kill left half written goes too.
        """
        if self.path.exists():
            kept = [r for r in read_metrics(self.path) if r["step"] <= step]
            text = "".join(json.dumps(record) + "\n" for record in kept)
            write_text(self.path, text)

    def append(self, record: Mapping[str, Any]) -> None:
        """Writes one line at once."""
        with naming(self.path), open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The objects of a metrics file, but for a last line cut short."""
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records

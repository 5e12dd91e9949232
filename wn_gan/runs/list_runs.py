"""A table of run folders."""

import datetime
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from wn_gan.errors import UserError
from wn_gan.progress import make_console
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.runs.run_state import last_record, state_of

_COLUMNS = (
    "run",
    "norm",
    "data",
    "step",
    "of",
    "best loss",
    "tests",
    "state",
    "MiB",
    "last change",
)


def list_runs(folder: str) -> None:
    """Prints a table of the runs in a folder and its subfolders.

    Args:
        folder: where to look.

    Raises:
        UserError: if it is no folder, or holds no run.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"{folder}: is not a folder; name a folder of runs")
    found = [path.parent for path in sorted(root.rglob("config.cfg"))]
    runs = [path for path in found if not _is_copy(path.relative_to(root))]
    if not runs:
        raise UserError(f"{folder}: holds no run (no config.cfg)")
    table = Table(*_COLUMNS)
    for column in table.columns:
        column.no_wrap = True
    for path in runs:
        name = "." if path == root else path.relative_to(root).as_posix()
        table.add_row(name, *_cells(RunFolder(path)))
    make_console().print(table)


def _is_copy(path: Path) -> bool:
    """Whether a folder is a study's results, or a failed attempt of a run."""
    return bool({"bundle", "failed"} & set(path.parts))


def _cells(run: RunFolder) -> Iterator[str]:
    try:
        config = run.read_config()
    except UserError as error:
        yield f"unreadable: {error}"
        return
    yield config.network_name
    yield config.dataset
    yield f"{last_record(run).get('step', 0):,}"
    yield f"{config.train_steps:,}"
    yield _best_loss(run)
    yield str(len(run.all_final_tests()))
    yield state_of(run, config.train_steps)
    yield f"{_size(run.path) / 2**20:,.1f}"
    changed = max(path.stat().st_mtime for path in run.path.iterdir())
    yield f"{datetime.datetime.fromtimestamp(changed):%Y-%m-%d %H:%M}"


def _best_loss(run: RunFolder) -> str:
    """Of the running tests so far."""
    if not run.metrics.exists():
        return ""
    found = [
        record["reconstruction_loss"]
        for record in read_metrics(run.metrics)
        if record.get("reconstruction_loss") is not None
    ]
    return f"{min(found):.5f}" if found else ""


def _size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())

"""Numbered versions of a model, in a folder that a server polls."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from wn_gan.errors import bad_flag
from wn_gan.files import is_partial
from wn_gan.generators.saved_model import versions
from wn_gan.progress import say

LOCK = ".lock"
# Files beside the versions of a model.
COMPANIONS = (
    "models.config",
    "batching_parameters.txt",
    "generator.keras",
    "generator.onnx",
    "generator.tflite",
)


@contextlib.contextmanager
def new_version(output: Path) -> Iterator[Path]:
    """Yields a folder for a model; on exit gives it the next free number.

    A server that polls `output` sees a complete model or nothing. A failed
    export leaves no files.

    Args:
        output: folder of the model, `saved_models/<name>`.

    Raises:
        UserError: if `output` holds other files.
    """
    check_output(output)
    output.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(output):
        number = 1 + max(versions(output), default=0)
        partial = output / f"{number}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            yield partial
            partial.rename(output / str(number))
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _one_at_a_time(output: Path) -> filelock.AcquireReturnProxy:
    """The lock of a model's folder, held; says so if it must wait."""
    lock = filelock.FileLock(output / LOCK)
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"waiting: another process exports into {output}")
        return lock.acquire()


def check_output(output: Path) -> None:
    """Raises `UserError` if the folder holds anything but exports."""
    if output.exists() and not output.is_dir():
        raise bad_flag("output", output, "is not a folder")
    others = [
        path.name
        for path in (output.iterdir() if output.exists() else ())
        if not (path.name.removesuffix(".partial").isdigit() and path.is_dir())
        and path.name not in (*COMPANIONS, LOCK)
        and not is_partial(path.name)
    ]
    if others:
        raise bad_flag(
            "output",
            output,
            f"holds something else ({min(others)}): name a new folder, or one "
            "of earlier exports",
        )


def newest_export(output: Path) -> Path:
    """Returns the folder of the newest version, which a server would load.

    Raises:
        UserError: if there is no version.
    """
    found = versions(output)
    if not found:
        raise bad_flag("output", output, "holds no exported version")
    return output / str(max(found))

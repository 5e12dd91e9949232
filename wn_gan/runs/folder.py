"""The run folder: its files and its lock."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import filelock

from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import (
    remove_partials,
    write_text,
)
from wn_gan.flag_defs import from_flag_file, to_flag_file


class RunFolder:
    """Paths and small files of one run.

    Args:
        path: path of the folder, which need not exist yet.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.cfg"
        # Lies beside the folder: the flag file that a study planned for it.
        place = self.path if self.path.name else self.path.absolute()
        self.plan = place.with_name(place.name + ".cfg")
        self.jit_compile = self.path / "jit_compile.json"
        self.environment = self.path / "environment.json"
        self.split = self.path / "split.json"
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.samples = self.path / "samples"
        self.reconstructions = self.path / "reconstructions"
        self.final = self.path / "final.json"
        self.failures = self.path / "failures.json"
        self.failed = self.path / "failed"
        self.final_test = self.path / "final_test"
        self.test_events = self.path / "tests"
        self.average_statistics = self.path / "average_statistics"

    def exists(self) -> bool:
        """Whether a run was begun here, or planned by a study."""
        return self.config.exists() or self.plan.exists()

    @property
    def _written(self) -> tuple[Path, ...]:
        """Folders that training writes to."""
        pictures = (self.samples, self.reconstructions)
        return (self.path, self.checkpoints, *pictures)

    def picture(self, kind: str, step: int) -> Path:
        """Path of a step's picture.

        Args:
            kind: "samples" or "reconstructions".
            step: step of the picture.
        """
        return self.path / kind / f"step_{step:08}.png"

    def pictures_after(self, step: int) -> list[Path]:
        """Pictures of later steps, of both kinds."""
        found = []
        for folder in (self.samples, self.reconstructions):
            paths = sorted(folder.glob("step_*.png"))
            found += [p for p in paths if _step_of(p) > step]
        return found

    def sample_grids(self) -> list[Path]:
        """Paths of the sample grids of training, oldest first."""
        return sorted(self.samples.glob("step_*.png"))

    def tests(self, part: str, protocol: str = "*") -> list[Path]:
        """Folders of the finished tests of the default kind.

        Args:
            part: of the images, "final_test" or "running_test".
            protocol: protocol of the tests; default: any.
        """
        found = self.path.glob(f"{part}/{protocol}/summary.json")
        return [path.parent for path in sorted(found)]

    def final_tests(self, protocol: str = "*") -> list[Path]:
        """Folders of the finished final tests of the default kind.

        Args:
            protocol: protocol of the tests; default: any.
        """
        return self.tests(self.final_test.name, protocol)

    def all_final_tests(self) -> list[Path]:
        """Folders of all finished final tests: any checkpoint and mode."""
        found = [
            path.parent for path in self.final_test.glob("*/**/summary.json")
        ]
        return sorted(f for f in found if not f.name.startswith("superseded_"))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Creates the folder and locks it against other processes.

        The system releases the lock when the process ends, even if killed.

        Raises:
            UserError: if another process holds the lock or the folder cannot
                be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # `is_locked` of another process holds it for a moment.
            lock = filelock.FileLock(self.path / ".lock", timeout=0.5)
            lock.acquire()
        except filelock.Timeout:
            raise bad_flag(
                "run_dir", self.path, "another process is using it"
            ) from None
        except OSError as error:
            raise bad_flag(
                "run_dir", self.path, f"cannot be written: {error.strerror}"
            ) from error
        with lock:
            for folder in self._written:
                remove_partials(folder)
            yield

    def is_locked(self) -> bool:
        """Whether another process is training in the folder."""
        try:
            number = os.open(self.path / ".lock", os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            # Shared: it needs no permission to write, and it is no obstacle
            # to other readers.
            fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(number)

    def read_config(self) -> Config:
        """The run's options; those that a study planned if it never began.

        Raises:
            UserError: for options that this version does not know; names the
                file and the option.
        """
        path = self.config if self.config.exists() else self.plan
        try:
            return from_flag_file(path.read_text())
        except (UserError, UnicodeDecodeError) as error:
            raise UserError(
                f"{path}: {error}; it may be of another version of wn_gan"
            ) from error

    def write_config(self, config: Config) -> None:
        """Writes `config.cfg`, a flag file that reproduces the run."""
        write_text(self.config, to_flag_file(config))


def _step_of(picture: Path) -> int:
    return int(picture.stem.removeprefix("step_"))

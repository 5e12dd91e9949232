"""The run folder: its files, its lock and checks before writing."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock

from wn_gan.config import UNCHANGEABLE, Config, changed_options
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import (
    is_partial,
    remove_partials,
    write_json,
    write_text,
)
from wn_gan.flag_defs import from_flag_file, to_flag_file

MANIFEST = "manifest.json"


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
    except FileNotFoundError:
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

    def check(self, config: Config, allow_change: Sequence[str] = ()) -> None:
        """Checks that a run with this config may write here.

        Args:
            config: config of the run to start or resume.
            allow_change: options that may differ from the stored config
                although they change the result.

        Raises:
            UserError: if the path is not a folder, the folder holds other
                files, or its run has other options.
        """
        if self.path.exists() and not self.path.is_dir():
            raise bad_flag("run_dir", self.path, "is not a folder")
        if not self.config.exists():
            if self.path.exists() and self._foreign():
                raise bad_flag(
                    "run_dir",
                    self.path,
                    "holds files but no run (no config.cfg): name a new folder",
                )
            return
        old = self.read_config()
        changed = set(changed_options(old, config)) - set(allow_change)
        if old.has_path and config.has_path:
            changed.discard("dataset")  # `check_split` compares the images
        if changed:
            raise _changed(self.path, old, config, sorted(changed))

    def _foreign(self) -> set[str]:
        """Names in the folder, except leftovers of a start killed early."""
        own = {".lock", self.split.name}
        names = {path.name for path in self.path.iterdir()} - own
        return {name for name in names if not is_partial(name)}

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
        except UserError as error:
            raise UserError(
                f"{path}: {error}; it may be of another version of wn_gan"
            ) from error

    def write_config(self, config: Config) -> None:
        """Writes `config.cfg`, a flag file that reproduces the run."""
        write_text(self.config, to_flag_file(config))

    def check_split(self, description: Mapping, allowed: bool) -> None:
        """Compares the split with an existing `split.json` and writes it.

        Args:
            description: from `Split.description`.
            allowed: whether the images may differ from the stored ones.

        Raises:
            UserError: if the run started with other images.
        """
        if self.split.exists() and not allowed:
            old = read_json(self.split)
            if old.get("sha256") != description["sha256"]:
                raise UserError(
                    f"--dataset={description['dataset']}: the images are not "
                    f"those that the run in {self.path} began with "
                    "(split.json); give --allow_change=dataset to continue"
                )
        write_json(self.split, description)


def _changed(
    path: Path, old: Config, new: Config, names: Sequence[str]
) -> UserError:
    """The error for a run of other options; it names all of them."""
    allowed = [name for name in names if name not in UNCHANGEABLE]
    given = " ".join(f"--{name}={getattr(new, name)}" for name in names)
    own = " ".join(f"--{name}={getattr(old, name)}" for name in names)
    way_out = "keep the run's, or name another --run_dir"
    if allowed == list(names):
        way_out += f", or give --allow_change={','.join(names)}"
    return UserError(
        f"{given}: the run in {path} has {own}, and this alters its result: "
        f"{way_out}"
    )


def _step_of(picture: Path) -> int:
    return int(picture.stem.removeprefix("step_"))

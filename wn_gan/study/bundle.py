"""A study's results without weights: small, and enough for its report.

Each run has a folder as light as a report needs, without paths of the machine
that made it. A study that has lost a run's own folder goes on from these.
"""

import contextlib
import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from wn_gan.compare.bundled import CONTENT
from wn_gan.compare.packed import pack, unpack
from wn_gan.config import PARTS, Config, changed_options
from wn_gan.files import write_json, write_text
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.run_state import has_failed, steps_done
from wn_gan.study.measurements import Measurement

_TEXTS = ("metrics.jsonl", "final.json", "failures.json")
_OF_TEST = ("manifest.json", "controls.json")
_SAMPLE_GRIDS = 5  # of a run that keeps its pictures


class Bundle:
    """The bundle of a study.

    Args:
        study_dir: folder of the study.
    """

    def __init__(self, study_dir: str | Path):
        self.study_dir = Path(study_dir)
        self.folder = self.study_dir / "bundle"
        self.archive = self.study_dir / "bundle.zip"

    def name(self, config: Config) -> str:
        """Name of a run's results, e.g. "tuning/weight_seed100"."""
        path = Path(config.run_dir).relative_to(self.study_dir)
        return path.as_posix()

    def place(self, config: Config) -> Path:
        """Folder of a run's results."""
        return self.folder / self.name(config)

    def restore(self) -> None:
        """Takes from `bundle.zip` what the bundle lacks."""
        if not self.archive.exists():
            return
        with self.locked(), self._unpacked() as unpacked:
            # A run's config marks its folder.
            found = [path.parent for path in unpacked.rglob("config.cfg")]
            for path in (*found, unpacked / CONTENT):
                target = self.folder / path.relative_to(unpacked)
                if path.exists() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(target)  # at once: a kill leaves no half

    @contextlib.contextmanager
    def _unpacked(self) -> Iterator[Path]:
        """The files of `bundle.zip`, on the study's own file system."""
        folder = self.study_dir / ".unpacked"
        shutil.rmtree(folder, ignore_errors=True)  # of a start that was killed
        folder.mkdir()
        try:
            unpack(self.archive, folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def pack(self) -> None:
        """Writes the results as one file, to keep or to publish."""
        with self.locked():
            pack(self.folder, self.archive)

    def locked(self) -> filelock.FileLock:
        """Two processes may run the same study, each some of its runs."""
        self.study_dir.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(self.study_dir / ".bundle.lock")

    def begin(self, plan: dict[str, Any]) -> None:
        """Writes the plan, until there is more to say."""
        if not (self.folder / CONTENT).exists():
            self.describe({"plan": plan})

    def describe(self, content: dict[str, Any]) -> None:
        """Writes what the study is: `study.json`."""
        with self.locked():
            write_json(self.folder / CONTENT, content)

    def update(
        self, configs: Sequence[Config], pictured: Collection[str] = ()
    ) -> None:
        """Writes the results of all runs that have a folder of their own.

        Args:
            configs: of runs of the study.
            pictured: folders of the runs that also keep sample grids.
        """
        with self.locked():
            for config in configs:
                folder = RunFolder(config.run_dir)
                if folder.config.exists() or folder.plan.exists():
                    self._write(config, folder, config.run_dir in pictured)

    def holds(
        self, config: Config, measurements: Sequence[Measurement]
    ) -> bool:
        """Whether a run's results are there: same options, same tests.

        A failure is a result too: another try would be a second chance that
        runs without failures do not get.

        Args:
            config: of the run.
            measurements: its tests.
        """
        stored = RunFolder(self.place(config))
        if not stored.config.exists():
            return False
        if self.changed(config):
            return False
        if stored.read_config().train_steps > config.train_steps:
            return False
        if has_failed(stored):
            return True
        return steps_done(stored) >= config.train_steps and all(
            each.is_complete(stored) for each in measurements
        )

    def changed(self, config: Config) -> list[str]:
        """Names of the options in which a run's stored config differs.

        Of a data set's path the bundle has the last name only. Another name
        means other images: nothing here compares them.

        Args:
            config: of the run, which is in the bundle.
        """
        old = RunFolder(self.place(config)).read_config()
        changed = changed_options(old, config)
        if old.has_path and config.has_path:
            names = {Path(each.place).name for each in (old, config)}
            changed += ["dataset"] * (len(names) > 1)
        return changed

    def has_results(self, config: Config) -> bool:
        """Whether a run's results are there, of whatever tests and steps."""
        return _has_results(RunFolder(self.place(config)))

    def _write(self, config: Config, run: RunFolder, pictures: bool) -> None:
        place = self.place(config)
        begun = run.config.exists()
        if not begun and place.exists():
            return  # the run's own folder is gone: these are its results
        if steps_done(RunFolder(place)) and not _has_results(run):
            return  # it is being trained again: they stay until it has ended
        # Nothing stays of an earlier, shorter training.
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if config.has_path:
            config = config.moved_to(Path(config.place).name)
        plain = dataclasses.replace(
            config,
            run_dir=self.name(config),
            data_dir=None,
            cache_dir=None,
            prepared_dir=None,
            strategy="auto",
            worker_hosts=None,
            worker_index=None,
        )
        target = place / "config.cfg" if begun else RunFolder(place).plan
        write_text(target, to_flag_file(plain))
        for name in _TEXTS:
            _copy(run.path / name, place / name)
        environment = read_json(run.environment)
        if environment is not None:
            for each in (environment, *environment.get("earlier", ())):
                del each["command"]
            write_json(place / run.environment.name, environment)
        for part in PARTS:
            for test in run.tests(part):
                summary = read_json(test / "summary.json")
                # Tests on other images name a folder of this machine.
                if summary["provenance"].get("images") is None:
                    self._write_test(test, summary, config)
        for grid in _spread(run.sample_grids()) if pictures else ():
            _copy(grid, place / "samples" / grid.name)

    def _write_test(self, test: Path, summary: dict, config: Config) -> None:
        target = self.place(config) / test.parent.name / test.name
        summary["provenance"]["run_dir"] = self.name(config)
        summary["curve"] = [float(_digits(loss)) for loss in summary["curve"]]
        features = [path.name for path in test.glob("features-*.json")]
        for name in (*_OF_TEST, *features):
            _copy(test / name, target / name)
        write_text(target / "per_image.csv", _short_table(test))
        write_text(target / "summary.json", json.dumps(summary) + "\n")


def _has_results(run: RunFolder) -> bool:
    return steps_done(run) > 0 or has_failed(run)


def _short_table(test: Path) -> str:
    """The table of a test's images; its losses were longer once."""
    with open(test / "per_image.csv", newline="") as file:
        head, *rows = csv.reader(file)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    for name, *losses in rows:
        table.writerow([name, *(_digits(float(loss)) for loss in losses)])
    return text.getvalue()


def _digits(loss: float) -> str:
    """Nine digits: all that a float32 holds."""
    return f"{loss:.9g}"


def _spread(grids: list[Path]) -> list[Path]:
    """Some of the grids, the first and the last one among them."""
    chosen = np.linspace(0, len(grids) - 1, min(len(grids), _SAMPLE_GRIDS))
    return [grids[round(place)] for place in chosen]


def _copy(source: Path, target: Path) -> None:
    """Copies a file if it is there."""
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

"""A study's results without weights: small, and enough for its report.

Each run has a folder as light as a report needs, without paths of the machine
that made it. A study that has lost a run's own folder goes on from these.
"""

import dataclasses
import json
import shutil
from pathlib import Path

from wn_gan.compare.bundled import LIST
from wn_gan.config import (
    Config,
    SearchOptions,
    StudyOptions,
    changed_options,
)
from wn_gan.evaluate.manifest import search_identity
from wn_gan.files import write_json, write_text
from wn_gan.flag_defs import from_flag_file, to_flag_file
from wn_gan.runs.folder import RunFolder, read_json, read_manifest

_TEXTS = ("metrics.jsonl", "final.json", "failures.json")
_OF_TEST = ("per_image.csv", "manifest.json", "controls.json")
_PICTURE = "best_median_worst.png"


class Bundle:
    """The bundle of a study.

    Args:
        study_dir: folder of the study.
    """

    def __init__(self, study_dir: str | Path):
        self.folder = Path(study_dir) / "bundle"

    def place(self, config: Config) -> Path:
        """Folder of a run's results."""
        return self.folder / Path(config.run_dir).name

    def update(self, configs: list[Config], first_seed: int) -> None:
        """Writes the results of all runs that have a folder of their own.

        Args:
            configs: of all runs of the study, in the report's order.
            first_seed: the runs of this seed also keep their pictures.
        """
        for config in configs:
            folder = RunFolder(config.run_dir)
            if folder.config.exists() or folder.plan.exists():
                self._write(config, folder, config.seed == first_seed)
        names = [Path(config.run_dir).name for config in configs]
        write_json(self.folder / LIST, {"runs": names})

    def holds(self, config: Config, options: StudyOptions) -> bool:
        """Whether a run's results are there: same options, same test."""
        stored = RunFolder(self.place(config))
        final = read_json(stored.final)
        if final is None or final["step"] < config.train_steps:
            return False
        old = from_flag_file(stored.config.read_text())
        if changed_options(old, config) or old.train_steps > config.train_steps:
            return False
        search = search_identity(
            SearchOptions(evaluations=options.final_evaluations)
        )
        return any(
            read_manifest(test).get("search") == search
            and _has_features(test, options)
            for test in stored.final_tests()
        )

    def _write(self, config: Config, run: RunFolder, pictures: bool) -> None:
        place = self.place(config)
        begun = run.config.exists()
        if not begun and place.exists():
            return  # the run's own folder is gone: these are its results
        # Nothing stays of an earlier, shorter training.
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        plain = dataclasses.replace(
            config,
            run_dir=place.name,
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
            del environment["command"]
            write_json(place / run.environment.name, environment)
        for test in run.final_tests():
            _write_test(test, place, pictures)
        for grid in run.sample_grids()[-1:] if pictures else ():
            _copy(grid, place / "samples" / grid.name)


def _write_test(test: Path, place: Path, pictures: bool) -> None:
    target = place / "final_test" / test.name
    summary = read_json(test / "summary.json")
    summary["provenance"]["run_dir"] = place.name
    features = [path.name for path in test.glob("features-*.json")]
    for name in (*_OF_TEST, *features, *[_PICTURE] * pictures):
        _copy(test / name, target / name)
    write_text(target / "summary.json", json.dumps(summary, indent=1) + "\n")


def _copy(source: Path, target: Path) -> None:
    """Copies a file if it is there."""
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _has_features(test: Path, options: StudyOptions) -> bool:
    """Whether a test has the features that the study asks for."""
    if options.feature_extractor == "none":
        return True
    wanted = f"features-*-samples{options.feature_samples}*.json"
    return any(test.glob(wanted))

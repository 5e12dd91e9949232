"""The tests that a study makes of its runs."""

import dataclasses
import re
from pathlib import Path

from wn_gan.config import (
    NO_EXTRACTOR,
    PARTS,
    FeatureOptions,
    SearchOptions,
    StudyOptions,
)
from wn_gan.evaluate.manifest import search_identity
from wn_gan.features.extractor_choice import extractor_name
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json, read_manifest

FINAL_TEST, RUNNING_TEST = PARTS
EFFORT_EVALUATIONS = 2000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement:
    """One test of a run's best checkpoint.

    Attributes:
        search: solver and effort.
        part: of the run's images.
        num_images: most images; None for all of the part.
        controls: whether the baselines are measured too.
        features: feature-space measures.
        pairs_of_seed: the runs of this seed keep each image and its
            reconstruction, for the report's pictures.
    """

    search: SearchOptions
    part: str = FINAL_TEST
    num_images: int | None = None
    controls: bool = True
    features: FeatureOptions = dataclasses.field(default_factory=FeatureOptions)

    pairs_of_seed: int | None = None

    def flags(self, seed: int) -> list[str]:
        """Flags of `wn_gan.evaluate`.

        Args:
            seed: of the run.
        """
        given = {"part": self.part, "controls": str(self.controls).lower()}
        given["write_pairs"] = str(seed == self.pairs_of_seed).lower()
        given |= search_identity(self.search)
        if self.num_images is not None:
            given["num_images"] = self.num_images
        lines = [f"--{name}={value}" for name, value in given.items()]
        return lines + to_flag_file(self.features).splitlines()

    def found(self, run: RunFolder) -> Path | None:
        """Folder of the finished test of a run; None if there is none.

        Args:
            run: its folder, or its folder in a bundle.
        """
        # A test that an earlier version named comes last.
        for test in sorted(run.tests(self.part), key=_is_old):
            searched = read_manifest(test).get("search")
            if searched == search_identity(self.search) and self._is_of(test):
                return test
        return None

    def is_complete(self, run: RunFolder) -> bool:
        """Whether a run has the test, with the features."""
        test = self.found(run)
        if test is None or self.features.feature_extractor == NO_EXTRACTOR:
            return test is not None
        return self.features_of(test) is not None

    def features_of(self, test: Path) -> str | None:
        """Protocol of a test's feature-space measures; None without them.

        Args:
            test: its folder.
        """
        stems = sorted(path.stem for path in test.glob("features-*.json"))
        wanted = [stem for stem in stems if self._are_wanted(stem)]
        return wanted[-1].removeprefix("features-") if wanted else None

    def _are_wanted(self, stem: str) -> bool:
        """Whether measures are by this extractor, of as many samples."""
        wanted = self.features
        name = f"features-{extractor_name(wanted.feature_extractor)}"
        name += f"-[0-9a-f]{{12}}-samples{wanted.feature_samples}"
        name += "-any_size" * wanted.frechet_any_size
        return re.fullmatch(name, stem) is not None

    def _is_of(self, test: Path) -> bool:
        """Whether a test is on exactly these of the run's own images."""
        summary = read_json(test / "summary.json")
        if summary is None:
            return False
        source, count = summary["provenance"], summary["num_images"]
        # Without `part_images` the test is of an early version.
        there = source.get("part_images") or self.num_images or count
        wanted = min(self.num_images or there, there)
        return source.get("images") is None and count == wanted


def _is_old(test: Path) -> bool:
    return "protocol_in_full" not in (read_json(test / "summary.json") or {})


def final_measurements(options: StudyOptions) -> list[Measurement]:
    """The tests of a scored run; the first one decides.

    Args:
        options: of the study.
    """
    names = [field.name for field in dataclasses.fields(FeatureOptions)]
    features = FeatureOptions(**{n: getattr(options, n) for n in names})
    search = SearchOptions(evaluations=options.final_evaluations)
    found = [
        Measurement(
            search=search, features=features, pairs_of_seed=min(options.seeds)
        )
    ]
    if options.effort_images:
        search = SearchOptions(solver="paper", evaluations=EFFORT_EVALUATIONS)
        found.append(
            Measurement(
                search=search, num_images=options.effort_images, controls=False
            )
        )
    return found


def tuning_measurement(options: StudyOptions) -> Measurement:
    """The test of a tuning run, on the running-test images.

    Args:
        options: of the study.
    """
    search = SearchOptions(
        solver=options.tune_solver, evaluations=options.tune_evaluations
    )
    return Measurement(search=search, part=RUNNING_TEST, controls=False)

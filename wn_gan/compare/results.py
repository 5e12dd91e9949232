"""Results of runs, read from their folders."""

import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.compare.result_files import (
    read_controls,
    read_losses,
    read_records,
    read_summary,
    with_numbers,
)
from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.runs.checkpoint_file import arrays_sha256, read
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.failures import FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import DAMAGED, read_json, read_manifest

# A generator whose reconstructions are no better than one gray picture.
COLLAPSED = "collapsed"
FAILED = "failed"
ALIVE = "alive"


@dataclasses.dataclass
class Result:
    """One run, as a comparison sees it.

    Attributes:
        folder: of the run.
        config: of the run.
        test: folder of its final test, whether or not it has one.
        records: of its metrics.jsonl.
        final: its final.json, {} if it did not end.
        summary: of its final test, None if it has none.
        losses: of the final test by image, {} if it has none.
        controls: baselines of the final test, {} if it has none.
        failures: that the guard saw, and what was done about them.
        mean_image: error of the training images' mean on the final test's
            images; None if no run of the comparison has it.
        features: feature-space measures by name, {} if not all runs have
            them.
        features_protocol: of these measures: extractor and samples.
        features_by_step: the same of every checkpoint that has them.
    """

    folder: RunFolder
    config: Config
    test: Path
    records: list[dict]
    final: dict
    summary: dict | None
    losses: dict[str, float]
    controls: dict[str, float]
    failures: FailureLog
    mean_image: float | None = None
    features: dict[str, float] = dataclasses.field(default_factory=dict)
    features_protocol: str | None = None
    features_by_step: dict[int, dict[str, float]] = dataclasses.field(
        default_factory=dict
    )

    @property
    def tests(self) -> list[tuple[int, float]]:
        """Step and loss of every running test."""
        return [
            (r["step"], r["reconstruction_loss"])
            for r in self.records
            if r.get("reconstruction_loss") is not None
        ]

    @property
    def images_per_second(self) -> float | None:
        """Median over the reports."""
        speeds = [r.get("images_per_second") for r in self.records]
        speeds = [speed for speed in speeds if speed]
        return statistics.median(speeds) if speeds else None

    @property
    def tested_step(self) -> int | None:
        """Step of the checkpoint of the final test; None without one."""
        return self.summary["provenance"].get("step") if self.summary else None

    @property
    def state(self) -> str:
        """Alive, failed (no final.json) or collapsed.

        Collapsed is a run whose losses are not finite at the end, or whose
        final test is not finite or no better than the training images' mean.
        """
        if not self.final:
            return FAILED
        last = self.records[-1] if self.records else {}
        finite = None not in (last.get("d_loss", 0), last.get("g_loss", 0))
        mean = self.summary["mean"] if self.summary else 0.0
        limit = np.inf if self.mean_image is None else self.mean_image
        if not finite or not self.tests or not mean < limit:
            return COLLAPSED
        return ALIVE


def read_results(run_dirs: Sequence[str], protocol: str | None) -> list[Result]:
    """Reads the runs and the one protocol that all their tests share.

    Args:
        run_dirs: of the runs.
        protocol: to be compared; by default the only one that all have.

    Raises:
        UserError: for a folder without a run, or final tests of different
            protocols: they do not belong into one column.
    """
    folders = [_run_folder(path) for path in run_dirs]
    tested = {
        str(folder.path): {path.name for path in folder.final_tests()}
        for folder in folders
        if folder.final.exists()
    }
    if protocol is None:
        protocol = _shared_protocol(tested)
    for run, names in tested.items():
        if protocol not in names:
            raise bad_flag("protocol", protocol, f"{run} has no such test")
    for run in tested:
        _check_current(RunFolder(run), protocol)
    return _with_mean_image([_result(folder, protocol) for folder in folders])


def _with_mean_image(results: list[Result]) -> list[Result]:
    """Gives all runs the mean image's error that any of them has measured.

    The images are the same for all: whether a run counts as collapsed must
    not depend on its own --controls.
    """
    found = [r.controls.get("mean_image") for r in results]
    limit = min((f for f in found if f is not None), default=None)
    return [dataclasses.replace(r, mean_image=limit) for r in results]


def _check_current(folder: RunFolder, protocol: str) -> None:
    """Refuses a final test of a generator that is no longer `best`."""
    test = folder.final_test / protocol
    summary = read_json(test / "summary.json")
    best = Checkpoints(folder.checkpoints).path("best")
    if summary is None or not best.exists():
        return
    arrays, metadata = read(best)
    own = {k: v for k, v in arrays.items() if k.startswith("generator/")}
    tested = read_manifest(test).get("generator_sha256")
    current = arrays_sha256(own) == tested
    if tested is None:  # of version 0.1
        current = summary["provenance"].get("step") == metadata["step"]
    if not current:
        raise UserError(
            f"{folder.path}: its final test is of an older checkpoint; "
            f"`best` is now step {metadata['step']}; run "
            f"python -m wn_gan.evaluate --run_dir={folder.path} again"
        )


def _run_folder(path: str) -> RunFolder:
    folder = RunFolder(path)
    if not folder.exists():
        raise UserError(f"{path}: holds no run (no config.cfg)")
    return folder


def _shared_protocol(tested: dict[str, set[str]]) -> str:
    shared = set.intersection(*tested.values()) if tested else set()
    if len(shared) == 1:
        return shared.pop()
    if shared:
        raise UserError(
            "--protocol is missing; choose one of those that all runs have: "
            f"{', '.join(sorted(shared))}"
        )
    lines = "; ".join(
        f"{run}: {', '.join(sorted(names)) or 'none'}"
        for run, names in tested.items()
    )
    raise UserError(
        "the final tests have no protocol in common, and results of different "
        f"protocols cannot be compared ({lines or 'no run has ended'}); run "
        "python -m wn_gan.evaluate with the same options on each"
    )


def _result(folder: RunFolder, protocol: str) -> Result:
    """Reads a run; its files may be a stranger's."""
    try:
        return _read(folder, protocol)
    except DAMAGED as error:
        raise UserError(
            f"{folder.path}: its results cannot be read: {error!r}"
        ) from error


def _read(folder: RunFolder, protocol: str) -> Result:
    test = folder.final_test / protocol
    has_metrics = folder.metrics.exists()
    final = read_json(folder.final) or {}
    summary, losses = None, {}
    if final:  # else a test is of an earlier, shorter training
        summary = read_summary(test / "summary.json")
        losses = read_losses(test / "per_image.csv")
    if summary is not None and not losses:
        raise UserError(f"{test / 'per_image.csv'}: missing or empty")
    return Result(
        folder=folder,
        config=folder.read_config(),
        test=test,
        records=read_records(folder.metrics) if has_metrics else [],
        final=with_numbers(final, "peak_memory_mib"),
        summary=summary,
        losses=losses,
        controls=read_controls(test / "controls.json"),
        failures=FailureLog(folder.failures),
    )

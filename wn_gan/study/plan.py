"""The runs of a study: those that tune, and those that are scored."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from wn_gan.compare.bundled import CONTENT
from wn_gan.config import (
    Config,
    StudyOptions,
    TuningOptions,
    changed_options,
)
from wn_gan.errors import bad_flag
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.run_state import steps_done
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import Cell, candidates, cells

TUNING = "tuning"


@dataclasses.dataclass(frozen=True)
class Trial:
    """A tuning run: a candidate in a cell, with one seed."""

    cell: Cell
    candidate: Cell
    config: Config


def tuning_trials(shared: Config, options: StudyOptions) -> list[Trial]:
    """Returns all tuning runs; empty if nothing is tuned.

    Args:
        shared: options of all runs.
        options: of the study.

    Raises:
        UserError: for an invalid value.
    """
    return [
        Trial(cell, candidate, _tuning_run(shared, options, cell, candidate, k))
        for cell in cells(options)
        for candidate in candidates(options)
        for k in options.tune_seeds
    ]


def _tuning_run(
    shared: Config, options: StudyOptions, cell: Cell, value: Cell, seed: int
) -> Config:
    values = cell.values | value.values
    if options.tune_steps:
        values["train_steps"] = options.tune_steps
    name = f"{cell.name}_{value.name}_seed{seed}"
    return dataclasses.replace(
        shared,
        **values,
        seed=seed,
        run_dir=str(Path(options.study_dir) / TUNING / name),
    )


def plan(shared: Config, options: StudyOptions) -> list[Config]:
    """Returns the config of every run of a study that tunes nothing.

    Args:
        shared: options of all runs.
        options: of the study.

    Raises:
        UserError: for an invalid value.
    """
    return [
        config
        for cell in cells(options)
        for config in scored_runs(shared, options, cell)
    ]


def scored_runs(
    shared: Config,
    options: StudyOptions,
    cell: Cell,
    candidate: Cell | None = None,
) -> list[Config]:
    """Returns the scored runs of a cell, one per seed.

    With the same seed, all cells get the same images and codes in the same
    order. The split is the same for all runs.

    Args:
        shared: options of all runs.
        options: of the study.
        cell: of the grid.
        candidate: the tuned values; None if nothing is tuned.

    Raises:
        UserError: for an invalid value.
    """
    names = [part.name for part in (cell, candidate) if part is not None]
    values = cell.values | (candidate.values if candidate else {})
    return [
        dataclasses.replace(
            shared,
            **values,
            seed=seed,
            run_dir=str(
                Path(options.study_dir) / "_".join([*names, f"seed{seed}"])
            ),
        )
        for seed in options.seeds
    ]


def fixed_options(options: StudyOptions) -> dict[str, list | str | int | None]:
    """The options that a study keeps from its first start to its report."""
    fixed = ["vary", "tune"]
    if options.tune:
        fixed += [field.name for field in dataclasses.fields(TuningOptions)]
    values = {name: getattr(options, name) for name in fixed}
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in values.items()
    }


def check_plan(bundle: Path, options: StudyOptions) -> None:
    """Compares the plan of a study with that of its folder.

    Args:
        bundle: folder of the study's bundle.
        options: of the study.

    Raises:
        UserError: for the folder of another study, naming the flag.
    """
    old = (read_json(bundle / CONTENT) or {}).get("plan", {})
    for name, value in fixed_options(options).items():
        if name in old and old[name] != value:
            raise bad_flag(
                name,
                _text(value),
                f"the study in {options.study_dir} has {_text(old[name])}; "
                "name another --study_dir",
            )


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


def check_runs(configs: Sequence[Config], bundle: Bundle) -> None:
    """Compares the runs that exist with those that are wanted.

    Args:
        configs: of the runs that are wanted.
        bundle: with the results of runs whose own folders are gone.

    Raises:
        UserError: for a run with other options, naming the flag.
    """
    for config in configs:
        folder = RunFolder(config.run_dir)
        bundled = not folder.config.exists()
        if bundled:
            folder = RunFolder(bundle.place(config))
        if not folder.config.exists():
            continue
        old = folder.read_config()
        changed = (
            bundle.changed(config) if bundled else changed_options(old, config)
        )
        for name in changed:
            raise bad_flag(
                name,
                getattr(config, name),
                f"the study's run in {folder.path} has {getattr(old, name)}; "
                "name another --study_dir",
            )
        if steps_done(folder) > config.train_steps:
            raise bad_flag(
                "train_steps",
                config.train_steps,
                f"the study's run in {folder.path} has done "
                f"{steps_done(folder)} already; name another --study_dir",
            )

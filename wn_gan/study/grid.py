"""A study: a grid of runs, trained, tested and compared."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from wn_gan.compare.compare_runs import compare
from wn_gan.config import (
    CompareOptions,
    Config,
    StudyOptions,
    changed_options,
)
from wn_gan.errors import bad_flag
from wn_gan.evaluate.manifest import written_manifest
from wn_gan.flag_defs import from_flag_file
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder
from wn_gan.study.study_run import run_one, steps_done


def run_study(shared: Config, options: StudyOptions) -> None:
    """Trains and tests the missing runs, then compares all.

    Args:
        shared: options of all runs.
        options: options of the study.
    """
    configs = plan(shared, options)
    check_runs(configs)
    run_all = here if options.executor == "here" else as_jobs
    for number, line in enumerate(run_all(configs, options), start=1):
        say(f"{number} of {len(configs)} ended: {line}")
    compare(
        CompareOptions(
            run_dirs=tuple(config.run_dir for config in configs),
            output=str(Path(options.study_dir) / "report"),
            baseline=options.norms[0],
            protocol=_protocol(configs, options),
        )
    )


def check_runs(configs: list[Config]) -> None:
    """Compares the runs that exist with those that are wanted.

    Args:
        configs: of the runs that are wanted.

    Raises:
        UserError: for a run with other options, naming the flag.
    """
    for config in configs:
        folder = RunFolder(config.run_dir)
        if not folder.config.exists():
            continue
        old = from_flag_file(folder.config.read_text())
        for name in changed_options(old, config):
            raise bad_flag(
                name,
                getattr(config, name),
                f"the study's run in {folder.path} has {getattr(old, name)}; "
                "name another --study_dir",
            )
        if steps_done(config) > config.train_steps:
            raise bad_flag(
                "train_steps",
                config.train_steps,
                f"the study's run in {folder.path} has done "
                f"{steps_done(config)} already; name another --study_dir",
            )


def _protocol(configs: list[Config], options: StudyOptions) -> str | None:
    """The protocol of the study's own final tests, which all runs share."""
    search = {"solver": "lbfgs", "evaluations": options.final_evaluations}
    found = [
        {
            test.name
            for test in RunFolder(config.run_dir).final_tests()
            if search.items()
            <= written_manifest(test).get("search", {}).items()
        }
        for config in configs
    ]
    tested = [names for names in found if names]
    shared = set.intersection(*tested) if tested else set()
    return shared.pop() if len(shared) == 1 else None


def plan(shared: Config, options: StudyOptions) -> list[Config]:
    """Returns the config of every run of the grid.

    With the same seed, all norms get the same images and codes in the same
    order. The split is the same for all runs.

    Args:
        shared: options of all runs.
        options: options of the study.

    Raises:
        UserError: for an invalid value.
    """
    return [
        dataclasses.replace(
            shared,
            norm=norm,
            seed=seed,
            run_dir=str(Path(options.study_dir) / f"{norm}_seed{seed}"),
        )
        for norm in options.norms
        for seed in options.seeds
    ]


def here(configs: list[Config], options: StudyOptions) -> Iterator[str]:
    """Runs one after another on this machine; yields a line per run."""
    for config in configs:
        say(f"starting: {config.run_dir}")
        yield run_one(config, options.final_evaluations)


def as_jobs(configs: list[Config], options: StudyOptions) -> Iterator[str]:
    """Starts one job per run; yields a line when a run ends."""
    try:
        from wn_gan.study.jobs import run_jobs
    except ImportError:
        raise bad_flag(
            "executor",
            options.executor,
            "needs the package submitit: pip install 'wn_gan[slurm]'",
        ) from None
    return run_jobs(
        configs,
        options.final_evaluations,
        Path(options.study_dir) / "jobs",
        options.executor,
        options.num_parallel_runs,
        dict(text.split("=", 1) for text in options.slurm),
    )

"""A study: a grid of runs, trained, tested and compared."""

import collections
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from wn_gan.compare.compare_runs import compare
from wn_gan.config import (
    CompareOptions,
    Config,
    SearchOptions,
    StudyOptions,
    changed_options,
)
from wn_gan.errors import UserError, bad_flag
from wn_gan.evaluate.manifest import search_identity
from wn_gan.flag_defs import from_flag_file
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder, read_json, read_manifest
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import cells
from wn_gan.study.compile_once import with_jit_compile_decided
from wn_gan.study.preview import preview
from wn_gan.study.status import print_status
from wn_gan.study.study_run import (
    evaluation_flags,
    is_trained,
    run_one,
    steps_done,
)


def run_study(shared: Config, options: StudyOptions) -> None:
    """Trains and tests the missing runs, then compares all.

    Args:
        shared: options of all runs.
        options: options of the study.
    """
    if options.dry_run:
        preview(shared, options)
        return
    if options.status:
        print_status(plan(shared, options))
        return
    configs = plan(with_jit_compile_decided(shared, options), options)
    check_runs(configs)
    bundle = Bundle(options.study_dir)
    _run_missing(configs, options, bundle)
    if any(RunFolder(config.run_dir).is_locked() for config in configs):
        say(
            "other processes are still training runs of this study: start "
            "it again for the report when they have ended"
        )
        return
    bundle.update(configs, options.seeds[0])
    _report(
        [
            dataclasses.replace(config, run_dir=str(bundle.place(config)))
            for config in configs
        ],
        options,
    )


def _run_missing(
    configs: list[Config], options: StudyOptions, bundle: Bundle
) -> None:
    """Runs what neither a run's own folder nor the bundle holds."""
    wanted = []
    for config in configs:
        gone = not RunFolder(config.run_dir).config.exists()
        if gone and bundle.holds(config, options):
            say(f"in the bundle: {config.run_dir}")
        else:
            wanted.append(config)
    run_all = here if options.executor == "here" else as_jobs
    for number, line in enumerate(run_all(wanted, options), start=1):
        say(f"{number} of {len(wanted)} ended: {line}")
        bundle.update(configs, options.seeds[0])


def _report(configs: list[Config], options: StudyOptions) -> None:
    """Compares the runs, from their folders in the bundle."""
    protocol = _protocol(configs, options)
    tested = [config for config in configs if _is_reported(config, protocol)]
    if not set(configs[: len(options.seeds)]) & set(tested):
        raise UserError(
            "no run of the baseline has a final test: "
            f"{configs[0].run_dir} and its other seeds"
        )
    for config in configs:
        if config not in tested:
            say(f"left out: {config.run_dir}: it has no final test")
    compare(
        CompareOptions(
            run_dirs=tuple(config.run_dir for config in tested),
            output=str(Path(options.study_dir) / "report"),
            protocol=protocol,
        )
    )


def _is_reported(config: Config, protocol: str | None) -> bool:
    """Whether a run is in the report: it failed, or it was tested."""
    folder = RunFolder(config.run_dir)
    if not is_trained(config) or protocol is None:
        return True
    return bool(folder.final_tests(protocol))


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
    """The protocol of the study's own final tests; None if there is none."""
    search = search_identity(
        SearchOptions(evaluations=options.final_evaluations)
    )
    counts = collections.Counter(
        test.name
        for config in configs
        for test in RunFolder(config.run_dir).final_tests()
        if read_manifest(test).get("search") == search and _is_own(test)
    )
    return counts.most_common(1)[0][0] if counts else None


def _is_own(test: Path) -> bool:
    """Whether a final test is on the run's own images."""
    summary = read_json(test / "summary.json") or {}
    return summary.get("provenance", {}).get("images") is None


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
            **cell.values,
            seed=seed,
            run_dir=str(Path(options.study_dir) / f"{cell.name}_seed{seed}"),
        )
        for cell in cells(options)
        for seed in options.seeds
    ]


def here(configs: list[Config], options: StudyOptions) -> Iterator[str]:
    """Runs one after another on this machine; yields a line per run."""
    for config in configs:
        say(f"starting: {config.run_dir}")
        yield run_one(config, evaluation_flags(options))


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
        evaluation_flags(options),
        Path(options.study_dir) / "jobs",
        options.executor,
        options.num_parallel_runs,
        dict(text.split("=", 1) for text in options.slurm),
    )

"""Trains and tests the runs of a study: here, or as jobs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import bad_flag
from wn_gan.progress import say
from wn_gan.study.measurements import Measurement
from wn_gan.study.single_run import run_one


def run_all(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
) -> Iterator[str]:
    """Trains and tests runs; yields a line when a run ends.

    Args:
        configs: of the runs.
        measurements: the tests of each run.
        options: of the study.

    Raises:
        UserError: if the executor is not installed.
    """
    run = _here if options.executor == "here" else _as_jobs
    return run(configs, measurements, options)


def _here(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
) -> Iterator[str]:
    for config in configs:
        say(f"starting: {config.run_dir}")
        yield run_one(config, measurements)


def _as_jobs(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
) -> Iterator[str]:
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
        measurements,
        Path(options.study_dir) / "jobs",
        options.executor,
        options.num_parallel_runs,
        dict(text.split("=", 1) for text in options.slurm),
    )

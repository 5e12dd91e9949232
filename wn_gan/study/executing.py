"""Trains and tests the runs of a study: here, or as jobs."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import bad_flag
from wn_gan.study.child import run_verb
from wn_gan.study.measurements import Measurement
from wn_gan.study.single_run import run_one


def run_all(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
    watch: Callable[[], None],
) -> Iterator[str]:
    """Trains and tests runs; yields a line when a run ends.

    Args:
        configs: of the runs.
        measurements: the tests of each run.
        options: of the study.
        watch: called about once a second.

    Raises:
        UserError: if the executor is not installed.
    """
    run = _here if options.executor == "here" else _as_jobs
    return run(configs, measurements, options, watch)


def _here(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
    watch: Callable[[], None],
) -> Iterator[str]:
    """One after another; what they print goes to the folder logs/."""
    logs = Path(options.study_dir) / "logs"
    for config in configs:
        log = logs / f"{Path(config.run_dir).name}.log"
        run = functools.partial(run_verb, log=log, watch=watch)
        line = run_one(config, measurements, run)
        yield line if line.startswith("tested") else f"{line}{_why(log)}"


def _why(log: Path) -> str:
    """The last line of a log, and where it is."""
    lines = log.read_text().split("\n") if log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), None)
    return f"; {last} (all in {log})" if last else ""


def _as_jobs(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    options: StudyOptions,
    watch: Callable[[], None],
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
        watch,
    )

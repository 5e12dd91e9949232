"""Runs a study as jobs, with the package submitit (extra `slurm`)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import submitit

from wn_gan.config import Config
from wn_gan.study.measurements import Measurement
from wn_gan.study.single_run import run_one

_SECONDS_BETWEEN_LOOKS = 1.0
# submitit's defaults are 3 requeues, and 5 minutes for a local job.
_MAX_REQUEUES = 100
_NO_LIMIT_MINUTES = 60 * 24 * 365


class StudyJob(submitit.helpers.Checkpointable):
    """One run; after a preemption it is requeued and resumes.

    Args:
        config: config of the run.
        measurements: its tests.
    """

    def __init__(self, config: Config, measurements: Sequence[Measurement]):
        self.config = config
        self.measurements = measurements

    def __call__(self) -> str:
        """Trains and tests the run; returns a line with the result."""
        return run_one(self.config, self.measurements)


def run_jobs(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    folder: Path,
    executor: str,
    num_parallel: int,
    slurm_options: Mapping[str, str],
    watch: Callable[[], None],
) -> Iterator[str]:
    """Runs a study's runs as jobs, several at a time.

    Args:
        configs: configs of the runs.
        measurements: the tests of each run.
        folder: folder of the jobs' files and logs.
        executor: "local" or "slurm".
        num_parallel: maximum number of jobs that run or wait in the queue.
        slurm_options: Slurm's options of each job; numbers as text.
        watch: called about once a second.

    Yields:
        A line with the result of each run, when it ends.
    """
    submitting = submitit.AutoExecutor(
        folder, cluster=executor, slurm_max_num_timeout=_MAX_REQUEUES
    )
    if executor == "slurm":
        submitting.update_parameters(
            **{f"slurm_{name}": _plain(v) for name, v in slurm_options.items()}
        )
    else:
        submitting.update_parameters(timeout_min=_NO_LIMIT_MINUTES)
    waiting = list(configs)
    running: dict[submitit.Job, Config] = {}
    while waiting or running:
        while waiting and len(running) < num_parallel:
            config = waiting.pop(0)
            job = submitting.submit(StudyJob(config, measurements))
            running[job] = config
        for job in [job for job in running if job.done()]:
            yield _how_it_ended(job, running.pop(job))
        watch()
        time.sleep(_SECONDS_BETWEEN_LOOKS if running else 0)


def _how_it_ended(job: submitit.Job, config: Config) -> str:
    error = job.exception()
    if error is None:
        return job.result()
    return f"failed: {config.run_dir}; see {job.paths.stderr}"


def _plain(text: str) -> str | int:
    return int(text) if text.isdigit() else text

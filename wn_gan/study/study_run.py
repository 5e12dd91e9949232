"""Trains and tests one run of a study, each in its own process."""

import ctypes
import dataclasses
import signal
import subprocess
import sys

from wn_gan.config import Config, FeatureOptions, StudyOptions
from wn_gan.config.device_options import DeviceOptions
from wn_gan.files import write_text
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder, read_json


def evaluation_flags(options: StudyOptions) -> list[str]:
    """Flags of the final test of each run of a study."""
    fields = dataclasses.fields(FeatureOptions)
    features = FeatureOptions(
        **{field.name: getattr(options, field.name) for field in fields}
    )
    effort = f"--evaluations={options.final_evaluations}"
    return [effort, *to_flag_file(features).splitlines()]


def run_one(config: Config, test_flags: list[str]) -> str:
    """Trains a run if it is not finished, and tests it.

    Args:
        config: config of the run.
        test_flags: see `evaluation_flags`.

    Returns:
        A line with the result and the run's folder.

    Raises:
        KeyboardInterrupt: if a signal stopped one of the processes.
    """
    if RunFolder(config.run_dir).is_locked():
        return f"locked: {config.run_dir}; another process is training there"
    if not is_trained(config) and _train(config) != 0:
        return f"failed: {config.run_dir}; reported as failed"
    status = _run(
        "evaluate",
        f"--run_dir={config.run_dir}",
        *test_flags,
        *_device_flags(config),
    )
    return f"{'tested' if status == 0 else 'not tested'}: {config.run_dir}"


def _device_flags(config: Config) -> list[str]:
    names = [field.name for field in dataclasses.fields(DeviceOptions)]
    devices = DeviceOptions(**{name: getattr(config, name) for name in names})
    return to_flag_file(devices).splitlines()


def is_trained(config: Config) -> bool:
    """Whether the run has done all its steps."""
    return steps_done(config) >= config.train_steps


def steps_done(config: Config) -> int:
    """Steps of the run, if it has ended; else 0."""
    final = read_json(RunFolder(config.run_dir).final)
    return final["step"] if final else 0


def _train(config: Config) -> int:
    path = RunFolder(config.run_dir).plan
    write_text(path, to_flag_file(config))
    return _run("train", f"--flagfile={path}")


def _run(verb: str, *arguments: str) -> int:
    """Runs a verb in a child process, which ends with this one."""
    command = [sys.executable, "-m", f"wn_gan.{verb}", *arguments]
    status = subprocess.run(command, preexec_fn=_end_with_parent).returncode
    if status in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        raise KeyboardInterrupt
    return status


def _end_with_parent() -> None:
    """On Linux, sends this process SIGTERM when its parent dies."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)

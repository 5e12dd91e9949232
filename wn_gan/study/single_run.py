"""Trains and tests one run of a study, each in its own process."""

import dataclasses
from collections.abc import Callable, Sequence

from wn_gan.config import Config
from wn_gan.config.device_options import DeviceOptions
from wn_gan.errors import TrainingFailed
from wn_gan.files import write_text
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.run_state import steps_done
from wn_gan.study import child
from wn_gan.study.measurements import Measurement

RunVerb = Callable[..., int]


def run_one(
    config: Config,
    measurements: Sequence[Measurement],
    run_verb: RunVerb = child.run_verb,
) -> str:
    """Trains a run if it is not finished, and tests it.

    Args:
        config: config of the run.
        measurements: its tests.
        run_verb: verb and its flags -> exit status.

    Returns:
        A line with the result and the run's folder.

    Raises:
        KeyboardInterrupt: if a signal stopped one of the processes.
    """
    if RunFolder(config.run_dir).is_locked():
        return f"locked: {config.run_dir}; another process is training there"
    status = 0 if is_trained(config) else _train(config, run_verb)
    if status == TrainingFailed.exit_status:
        return f"failed: {config.run_dir}; reported as failed"
    if status:
        # Of the machine or the options, not of the norm.
        return f"not trained: {config.run_dir}; exit status {status}"
    tested = [_measure(config, each, run_verb) for each in measurements]
    return f"{'tested' if all(tested) else 'not tested'}: {config.run_dir}"


def _measure(
    config: Config, measurement: Measurement, run_verb: RunVerb
) -> bool:
    """Tests a run; returns whether that worked."""
    flags = measurement.flags(config.seed) + _device_flags(config)
    if config.place is not None:  # the data may have moved
        flags.append(f"--data_dir={config.place}")
    return run_verb("evaluate", f"--run_dir={config.run_dir}", *flags) == 0


def _device_flags(config: Config) -> list[str]:
    names = [field.name for field in dataclasses.fields(DeviceOptions)]
    devices = DeviceOptions(**{name: getattr(config, name) for name in names})
    return to_flag_file(devices).splitlines()


def is_trained(config: Config) -> bool:
    """Whether the run has done all its steps."""
    return has_ended(RunFolder(config.run_dir), config)


def has_ended(run: RunFolder, config: Config) -> bool:
    """Whether a folder, of a run or in a bundle, holds a run that has ended.

    Args:
        run: the folder.
        config: of the run; it says how many steps are wanted.
    """
    return steps_done(run) >= config.train_steps


def _train(config: Config, run_verb: RunVerb) -> int:
    path = RunFolder(config.run_dir).plan
    write_text(path, to_flag_file(config))
    return run_verb("train", f"--flagfile={path}")

"""Decides --jit_compile=auto once for all runs of a study."""

import dataclasses
from pathlib import Path

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import bad_flag
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import cells
from wn_gan.study.own_process import in_own_process


def decided(options: StudyOptions) -> str | None:
    """What an earlier start of the study has decided; None if none has.

    On another machine it is what the runs in the bundle have.

    Args:
        options: of the study.
    """
    decision = read_json(_path(options))
    if decision is not None:
        return str(decision["jit_compile"]).lower()
    stored = sorted(Bundle(options.study_dir).folder.rglob("config.cfg"))
    if not stored:
        return None
    return RunFolder(stored[0].parent).read_config().jit_compile


def _path(options: StudyOptions) -> Path:
    return Path(options.study_dir) / "jit_compile.json"


def with_jit_compile_decided(shared: Config, options: StudyOptions) -> Config:
    """Replaces "auto": the runs of a study must differ in nothing else.

    The decision lies in `jit_compile.json` in the study's folder. It comes
    from a timed trial of the first cell, in a process of its own.

    Args:
        shared: options of all runs.
        options: options of the study.

    Raises:
        UserError: for jobs on other machines, for unusable data, or for
            devices that the decision does not fit.
    """
    if shared.jit_compile != "auto":
        return shared
    if options.executor == "slurm":
        raise bad_flag(
            "jit_compile",
            "auto",
            "must be true or false with --executor=slurm: a trial would time "
            "this machine, not the jobs'",
        )
    path = _path(options)
    if decided(options) is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        config = dataclasses.replace(shared, **cells(options)[0].values)
        in_own_process(_decide, config, path)
    decision = decided(options)
    if decision == "true" and (shared.num_virtual_devices or 1) > 1:
        raise bad_flag(
            "num_virtual_devices",
            shared.num_virtual_devices,
            f"the study in {options.study_dir} was begun with XLA, which "
            "cannot compile a step over several CPU devices: omit this flag",
        )
    return dataclasses.replace(shared, jit_compile=decision)


def _decide(config: Config, path: Path) -> None:
    """Runs the trial and writes the decision."""
    from wn_gan.data import load_split
    from wn_gan.distribution import make_strategy
    from wn_gan.files import write_json
    from wn_gan.progress import say
    from wn_gan.train.compiling import uses_xla

    strategy = make_strategy(config)
    with strategy.scope():
        on, line = uses_xla(config, load_split(config), path, strategy)
    if line is None:
        write_json(path, {"jit_compile": on})
    else:
        say(line)

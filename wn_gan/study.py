"""Study: python -m wn_gan.study --flagfile=flags/study_faces.cfg.

Trains every norm with every seed (same data order, same codes, same budget),
tests each run and compares them. Killed anywhere and started again, it runs
what is missing. Takes all flags of wn_gan.train for what the runs share.
"""

import ctypes
import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path

from absl import flags

from wn_gan import cli
from wn_gan.compare import compare
from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import write_text
from wn_gan.flag_defs import (
    config_from_flags,
    define_config_flags,
    to_flag_file,
)
from wn_gan.run_folder import RunFolder


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of a run and those of the study."""
    define_config_flags(flag_values)
    flags.DEFINE_list(
        "norms",
        ["none", "batch", "weight"],
        "Norms to compare; the first is the baseline.",
        flag_values=flag_values,
    )
    flags.DEFINE_list(
        "seeds", ["0", "1"], "Seeds of each norm.", flag_values=flag_values
    )
    flags.DEFINE_string(
        "study_dir",
        None,
        "Folder of the study: a run folder each, and report/.",
        flag_values=flag_values,
    )
    flags.DEFINE_integer(
        "final_evaluations",
        100,
        "Gradient evaluations an image in the final test (lbfgs).",
        flag_values=flag_values,
    )


def plan(flag_values: flags.FlagValues) -> list[Config]:
    """The config of every run of the grid.

    For one seed all norms see the same images and codes in the same order;
    the split is the same for all runs.

    Raises:
        UserError: for a value that cannot be right.
    """
    if flag_values.study_dir is None:
        raise UserError("--study_dir: missing; name the folder of the study")
    shared = config_from_flags(flag_values)
    seeds = []
    for text in flag_values.seeds:
        if not text.isdigit():
            raise bad_flag("seeds", text, "must be whole numbers, 0 or more")
        seeds.append(int(text))
    return [
        dataclasses.replace(
            shared,
            norm=norm,
            seed=seed,
            run_dir=str(Path(flag_values.study_dir) / f"{norm}_seed{seed}"),
        )
        for norm in flag_values.norms
        for seed in seeds
    ]


def main(flag_values: flags.FlagValues) -> int:
    """Trains and tests what is missing, then compares."""
    configs = plan(flag_values)
    for number, config in enumerate(configs, start=1):
        print(f"run {number} of {len(configs)}: {config.run_dir}", flush=True)
        trained = is_trained(config) or _train(config) == 0
        if not trained:
            print(f"failed: {config.run_dir}; it is counted", flush=True)
            continue
        evaluations = flag_values.final_evaluations
        status = _run(
            "evaluate",
            f"--run_dir={config.run_dir}",
            f"--evaluations={evaluations}",
        )
        if status != 0:
            print(f"not tested: {config.run_dir}", flush=True)
    compare(
        [config.run_dir for config in configs],
        Path(flag_values.study_dir) / "report",
        baseline=flag_values.norms[0],
    )
    return 0


def is_trained(config: Config) -> bool:
    """Whether the run has done all its steps."""
    final = Path(config.run_dir) / "final.json"
    if not final.exists():
        return False
    return json.loads(final.read_text())["step"] >= config.train_steps


def _train(config: Config) -> int:
    path = RunFolder(config.run_dir).plan
    write_text(path, to_flag_file(config))
    return _run("train", f"--flagfile={path}")


def _run(verb: str, *arguments: str) -> int:
    """A verb in a process of its own, which ends with this one.

    Raises:
        KeyboardInterrupt: if the process was asked to stop.
    """
    command = [sys.executable, "-m", f"wn_gan.{verb}", *arguments]
    status = subprocess.run(command, preexec_fn=_end_with_parent).returncode
    if status in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        raise KeyboardInterrupt
    return status


def _end_with_parent() -> None:
    """Linux: SIGTERM for this process when its parent dies, however."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

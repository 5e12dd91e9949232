"""Study: python -m wn_gan.study --flagfile=flags/study_faces.cfg.

Trains every norm with every seed (same data order, same codes, same budget),
tests each run and compares them. Killed anywhere and started again, it runs
what is missing. Takes all flags of wn_gan.train for what the runs share.
"""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

from absl import flags

from wn_gan import cli
from wn_gan.compare import compare
from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.flag_defs import define_options, options_from_flags
from wn_gan.study_run import run_one


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of a run and those of the study."""
    define_options(Config, flag_values)
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
    flags.DEFINE_enum(
        "executor",
        "here",
        ["here", "local", "slurm"],
        "Where the runs take place: one after another in this process, or as "
        "jobs of their own, on this machine or by Slurm.",
        flag_values=flag_values,
    )
    flags.DEFINE_integer(
        "num_parallel_runs",
        2,
        "Jobs that run or wait at the same time.",
        lower_bound=1,
        flag_values=flag_values,
    )
    flags.DEFINE_list(
        "slurm",
        [],
        "Slurm's options of a job, e.g. partition=gpu,gpus_per_node=2,time=720 "
        "(minutes).",
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
    for text in flag_values.slurm:
        if "=" not in text:
            raise bad_flag("slurm", text, "must be option=value")
    shared = options_from_flags(Config, flag_values)
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
    run_all = here if flag_values.executor == "here" else as_jobs
    for number, line in enumerate(run_all(configs, flag_values), start=1):
        print(f"{number} of {len(configs)} ended: {line}", flush=True)
    compare(
        [config.run_dir for config in configs],
        Path(flag_values.study_dir) / "report",
        baseline=flag_values.norms[0],
    )
    return 0


def here(configs: list[Config], flag_values: flags.FlagValues) -> Iterator[str]:
    """One run after another, on this machine."""
    for config in configs:
        print(f"begins: {config.run_dir}", flush=True)
        yield run_one(config, flag_values.final_evaluations)


def as_jobs(
    configs: list[Config], flag_values: flags.FlagValues
) -> Iterator[str]:
    """One job a run; gives a line as each one ends."""
    try:
        from wn_gan.jobs import run_jobs
    except ImportError:
        raise bad_flag(
            "executor",
            flag_values.executor,
            "needs the package submitit: pip install 'wn_gan[slurm]'",
        ) from None
    options = dict(text.split("=", 1) for text in flag_values.slurm)
    return run_jobs(
        configs,
        flag_values.final_evaluations,
        Path(flag_values.study_dir) / "jobs",
        flag_values.executor,
        flag_values.num_parallel_runs,
        options,
    )


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

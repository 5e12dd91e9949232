"""Options of `wn_gan.study`, beside those of its runs."""

import dataclasses

from wn_gan.config.network_options import NORMS
from wn_gan.config.option import check_values, option, require
from wn_gan.errors import bad_flag

EXECUTORS = ("here", "local", "slurm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Which runs a study has, and where they take place.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    norms: tuple[str, ...] = option(
        ("none", "batch", "weight"),
        "Norms to compare; the first is the baseline.",
        choices=NORMS,
    )
    seeds: tuple[int, ...] = option((0, 1), "Seeds of each norm.", minimum=0)
    study_dir: str | None = option(
        None, "Folder of the study: one folder per run, and report/."
    )
    final_evaluations: int = option(
        100,
        "Gradient evaluations per image in the final test (lbfgs).",
        minimum=1,
    )
    executor: str = option(
        "here",
        "Where the runs take place: 'here', one after another in this "
        "process; 'local', as jobs on this machine; 'slurm', as Slurm's jobs.",
        choices=EXECUTORS,
    )
    num_parallel_runs: int = option(
        2, "Jobs that run or wait at the same time.", minimum=1
    )
    slurm: tuple[str, ...] = option(
        (),
        "Slurm's options of a job, e.g. partition=gpu,gpus_per_node=2,time=720 "
        "(minutes).",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "study_dir", what="name the folder of the study")
        for text in self.slurm:
            if "=" not in text:
                raise bad_flag("slurm", text, "must be option=value")

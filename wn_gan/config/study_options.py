"""Options of `wn_gan.study` in addition to those of its runs."""

import dataclasses

from wn_gan.config.feature_options import FeatureOptions
from wn_gan.config.network_options import NORM_ALIASES, NORMS
from wn_gan.config.option import (
    LARGEST_SEED,
    check_values,
    option,
    require,
)
from wn_gan.config.tuning_options import TuningOptions
from wn_gan.errors import bad_flag

EXECUTORS = ("here", "local", "slurm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudyOptions(TuningOptions, FeatureOptions):
    """Runs of a study, and how to execute them.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    norms: tuple[str, ...] = option(
        ("none", "batch", "weight"),
        "Norms to compare; the first is the baseline.",
        choices=NORMS,
        aliases=NORM_ALIASES,
    )
    vary: tuple[str, ...] = option(
        (),
        "option=value|value|...: varies another option of the runs; the first "
        "value is the baseline. Repeated, it gives the product of all, e.g. "
        "--vary=loss=hinge|wasserstein --vary=features=32|64.",
        repeated=True,
    )
    seeds: tuple[int, ...] = option(
        (0, 1), "Seeds of each norm.", minimum=0, maximum=LARGEST_SEED
    )
    study_dir: str | None = option(
        None,
        "Folder for the study: one folder per run, and report/.",
        required=True,
    )
    final_evaluations: int = option(
        100,
        "Gradient evaluations per image in the final test (lbfgs).",
        minimum=1,
    )
    effort_images: int = option(
        0,
        "Final-test images that 2,000 evaluations of 'paper' are run on too, "
        "for the ranking against the solver's effort; 0 for none.",
        minimum=0,
    )
    dry_run: bool = option(
        False,
        "Print the cells and the number of runs, with time and disk from "
        "measured steps; write nothing.",
    )
    status: bool = option(
        False, "Print the state of each run, and do nothing else."
    )
    executor: str = option(
        "here",
        "How to execute the runs: 'here', one after another in this process; "
        "'local', as jobs on this machine; 'slurm', as Slurm jobs.",
        choices=EXECUTORS,
    )
    num_parallel_runs: int = option(
        2, "Maximum number of jobs running or queued at once.", minimum=1
    )
    slurm: tuple[str, ...] = option(
        (),
        "Slurm options per job, e.g. partition=gpu,gpus_per_node=2,time=720 "
        "(minutes).",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "study_dir", what="name a folder for the study")
        for name in ("norms", "seeds", "tune_seeds"):
            values = getattr(self, name)
            repeated = [v for v in values if values.count(v) > 1]
            if repeated:
                raise bad_flag(
                    name,
                    ",".join(map(str, values)),
                    f"{repeated[0]} stands there twice: name each once",
                )
        both = sorted(set(self.seeds) & set(self.tune_seeds))
        if self.tune and both:
            raise bad_flag(
                "tune_seeds",
                ",".join(map(str, self.tune_seeds)),
                f"{both[0]} is one of --seeds too: what was tuned on a seed "
                "must be scored on fresh ones",
            )
        for text in self.slurm:
            if "=" not in text:
                raise bad_flag("slurm", text, "must be option=value")

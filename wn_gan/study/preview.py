"""Prints what a study would do, with time and disk from measured steps."""

import dataclasses

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import format_seconds, say
from wn_gan.study.cells import candidates, cells
from wn_gan.study.own_process import in_own_process


@dataclasses.dataclass(frozen=True)
class _Cost:
    """Of one run.

    Attributes:
        seconds: of a step.
        bytes: of a checkpoint.
    """

    seconds: float
    bytes: int


def preview(shared: Config, options: StudyOptions) -> None:
    """Times a few steps of each cell and prints the plan; writes nothing.

    Args:
        shared: options of all runs.
        options: options of the study.

    Raises:
        UserError: for an invalid combination, or unusable data.
    """
    num_tuning, num_scored = _runs_of_a_cell(options)
    seconds, size = 0.0, 0
    for cell in cells(options):
        config = dataclasses.replace(shared, **cell.values)
        cost = in_own_process(_measure, config)
        tuning_steps = options.tune_steps or config.train_steps
        steps = num_tuning * tuning_steps + num_scored * config.train_steps
        seconds += cost.seconds * steps
        num_runs = num_tuning + num_scored
        size += cost.bytes * _checkpoints(config) * num_runs
        tuned = f"{num_tuning} tuning runs and " if num_tuning else ""
        say(
            f"{cell.name}: {tuned}{num_scored} runs of "
            f"{config.train_steps:,} steps of {cost.seconds:.4f} s: "
            f"{format_seconds(cost.seconds * steps)}"
        )
    runs = (num_tuning + num_scored) * len(cells(options))
    most = "at most " if num_tuning else ""
    say(
        f"{most}{runs} runs: about {format_seconds(seconds)} of training on "
        f"this machine, one after another, and {size / 2**20:,.1f} MiB of "
        "checkpoints; tests not included"
    )


def _checkpoints(config: Config) -> int:
    """Checkpoints that a run leaves: last, best, and those that it keeps."""
    if not config.keep_every_steps:
        return 2
    found = config.train_steps // config.keep_every_steps
    return 2 + min(found, config.keep_checkpoints or found)


def _runs_of_a_cell(options: StudyOptions) -> tuple[int, int]:
    """Numbers of tuning and scored runs.

    A tuned cell is scored at its own best value and at the shared one, which
    may be the same.
    """
    found = candidates(options)
    num_scored = len(options.seeds) * (2 if found else 1)
    return len(found) * len(options.tune_seeds), num_scored


def _measure(config: Config) -> _Cost:
    from wn_gan.data import load_split
    from wn_gan.gan.building import build_gan
    from wn_gan.runs.checkpoint_file import gan_parts, part_variables
    from wn_gan.train.dry_run import seconds_per_step

    split = load_split(config, download=False)
    gan = build_gan(config, split.image_set.image_shape)
    xla = config.jit_compile == "true"
    seconds = seconds_per_step(gan, config, split, xla)
    variables = part_variables(gan_parts(gan)).values()
    size = sum(variable.numpy().nbytes for variable in variables)
    return _Cost(seconds, size)

"""Options of a study's tuning."""

import dataclasses

from wn_gan.config.option import LARGEST_SEED, option
from wn_gan.config.search_options import SOLVERS


@dataclasses.dataclass(frozen=True, kw_only=True)
class TuningOptions:
    """What each cell of a study is tuned over, and how it is judged."""

    tune: tuple[str, ...] = option(
        (),
        "option=value|value|...: tunes an option for each cell on its own, "
        "then trains --seeds at the best value of the cell and at the best "
        "value shared by all. 'learning_rate' stands for both rates. Repeated, "
        "the candidates are the product of all.",
        repeated=True,
    )
    tune_seeds: tuple[int, ...] = option(
        (100, 101),
        "Seeds of each candidate in the tuning; none of --seeds.",
        minimum=0,
        maximum=LARGEST_SEED,
    )
    tune_steps: int | None = option(
        None,
        "Training steps of a tuning run; default: --train_steps.",
        minimum=1,
    )
    tune_solver: str = option(
        "lbfgs",
        "Solver of the test that ranks the candidates, on the running-test "
        "images. 50 evaluations of 'paper' favour batch normalization.",
        choices=SOLVERS,
    )
    tune_evaluations: int = option(
        100, "Gradient evaluations per image in that test.", minimum=1
    )

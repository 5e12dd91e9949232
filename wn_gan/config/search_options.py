"""Options of the code search."""

import dataclasses

from wn_gan.config.device_options import DeviceOptions
from wn_gan.config.option import check_values, option

PRECONDITIONED = "preconditioned_lbfgs"
SOLVERS = ("lbfgs", PRECONDITIONED, "paper", "paper_batch_mean")
STARTS = ("zero", "ridge")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchOptions(DeviceOptions):
    """Solver, effort and devices of the code search.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    solver: str = option(
        "lbfgs",
        "Solver of the search: 'lbfgs', batched L-BFGS; "
        "'preconditioned_lbfgs', the same in variables scaled by the "
        "generator, in a third to a half of the evaluations; 'paper', the "
        "paper's RMSProp on each image's gradient; 'paper_batch_mean', the "
        "authors' variant, on the gradient of the batch-mean loss.",
        choices=SOLVERS,
    )
    evaluations: int = option(100, "Gradient evaluations per image.", minimum=1)
    z_start: str = option(
        "zero",
        "Start of the first search: 'zero', or 'ridge', a guess learned from "
        "the generator's samples.",
        choices=STARTS,
    )
    num_starts: int = option(
        1, "Searches per image; the best one counts.", minimum=1
    )
    prior_penalty: float = option(
        0.0,
        "Weight of the code's mean square in the search; 0 for none.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check_values(self)
        self.check_devices()

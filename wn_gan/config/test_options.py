"""Options of the final test."""

import dataclasses

from wn_gan.config.device_options import DeviceOptions
from wn_gan.config.option import check_value, option

SOLVERS = ("lbfgs", "paper", "paper_batch_mean")
STARTS = ("zero", "ridge")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestOptions(DeviceOptions):
    """How to search, and where.

    Raises:
        UserError: for a value that cannot be right.
    """

    solver: str = option(
        "lbfgs",
        "How codes are sought: batched L-BFGS, the paper's RMSProp with each "
        "image's own gradient, or the authors' form of it.",
        choices=SOLVERS,
    )
    evaluations: int = option(100, "Gradient evaluations an image.", minimum=1)
    z_start: str = option(
        "zero",
        "Where the first search begins; ridge: a learnt first guess.",
        choices=STARTS,
    )
    num_starts: int = option(
        1, "Searches an image; the best one counts.", minimum=1
    )
    prior_penalty: float = option(
        0.0,
        "Weight of the code's mean square in the search; 0 for none.",
        minimum=0,
    )
    test_batch_size: int = option(
        100, "Images that a replica searches at once.", minimum=1
    )

    def __post_init__(self) -> None:
        """Checks each value, then those that must fit together."""
        for field in dataclasses.fields(self):
            check_value(field, getattr(self, field.name))
        self.check_devices()

"""The options of the final test."""

import dataclasses

from wn_gan.errors import bad_flag
from wn_gan.reconstruction import SOLVERS, STARTS


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestOptions:
    """How to search; every field is a flag of `wn_gan.evaluate`.

    Attributes:
        solver: one of `SOLVERS`.
        evaluations: gradient evaluations an image.
        z_start: where the first search begins, one of `STARTS`.
        num_starts: searches an image, the best one counts.
        prior_penalty: weight of the code's mean square.
        test_batch_size: images searched at once.

    Raises:
        UserError: for a value that cannot be right.
    """

    solver: str = "lbfgs"
    evaluations: int = 100
    z_start: str = "zero"
    num_starts: int = 1
    prior_penalty: float = 0.0
    test_batch_size: int = 100

    def __post_init__(self) -> None:
        """Checks each value."""
        for name, choices in (("solver", SOLVERS), ("z_start", STARTS)):
            value = getattr(self, name)
            if value not in choices:
                expected = f"must be one of {', '.join(choices)}"
                raise bad_flag(name, value, expected)
        for name in ("evaluations", "num_starts", "test_batch_size"):
            if getattr(self, name) < 1:
                raise bad_flag(name, getattr(self, name), "must be at least 1")
        if not 0 <= self.prior_penalty < float("inf"):
            raise bad_flag(
                "prior_penalty", self.prior_penalty, "must be finite, 0 or more"
            )

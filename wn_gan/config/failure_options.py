"""Options of the guard, which looks for failures of a run."""

import dataclasses

from wn_gan.config.option import option

ON_FAILURE = ("stop", "restart", "rollback", "ignore")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FailureOptions:
    """When the guard looks, and what follows a failure."""

    on_failure: str = option(
        "stop",
        "Action on a failure (non-finite values, D has won, G without "
        "variety): 'stop'; 'restart' from step 0 or 'rollback' to the last "
        "good checkpoint, both with another seed and a lower learning rate "
        "of D; 'ignore' all failures except non-finite values.",
        choices=ON_FAILURE,
        may_change=True,
    )
    max_recoveries: int = option(
        3,
        "Number of restarts and rollbacks before a failure stops the run.",
        minimum=0,
        may_change=True,
    )
    recovery_d_rate_factor: float = option(
        0.5,
        "Factor on --d_learning_rate at each restart or rollback.",
        minimum=0,
        may_change=True,
    )
    guard_every_steps: int = option(
        100, "Steps between the guard's checks for failures.", minimum=1
    )

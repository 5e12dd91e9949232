"""Options of the run folder and its reports."""

import dataclasses

from wn_gan.config.option import option

ON_FAILURE = ("stop", "restart", "rollback", "ignore")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where a run writes, what, and how often."""

    run_dir: str | None = option(
        None,
        "Folder of the run: made, or resumed if it holds one.",
        may_change=True,
    )
    log_every_steps: int = option(
        100,
        "Steps between lines of metrics.jsonl.",
        minimum=1,
        may_change=True,
    )
    test_every_steps: int = option(
        1000, "Steps between running tests.", minimum=1, may_change=True
    )
    sample_every_steps: int = option(
        1000, "Steps between sample grids.", minimum=1, may_change=True
    )
    checkpoint_every_steps: int = option(
        1000,
        "Steps between saves of the 'last' checkpoint.",
        minimum=1,
        may_change=True,
    )
    keep_every_steps: int = option(
        0,
        "Steps between checkpoints that are kept besides 'last' and "
        "'best'; 0 for none.",
        minimum=0,
        may_change=True,
    )
    keep_checkpoints: int = option(
        5,
        "How many of those to keep, the newest; 0 for all.",
        minimum=0,
        may_change=True,
    )
    diagnostics_every_steps: int = option(
        0,
        "Steps between looks inside the networks, for TensorBoard: norms, "
        "ranks, activations, thresholds, drift; 0 for none.",
        minimum=0,
        may_change=True,
    )
    on_failure: str = option(
        "stop",
        "When the guard sees a failure (values that are not finite, a D that "
        "has won, a G without variety): 'stop'; 'restart' from the start or "
        "'rollback' to the last good checkpoint, with another seed and a "
        "lower rate of D; 'ignore' all but values that are not finite.",
        choices=ON_FAILURE,
        may_change=True,
    )
    max_recoveries: int = option(
        3,
        "Restarts and rollbacks of a run before a failure stops it.",
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
        100, "Steps between the guard's looks at the run.", minimum=1
    )
    running_test_evaluations: int = option(
        50, "Gradient evaluations an image in the running test.", minimum=1
    )

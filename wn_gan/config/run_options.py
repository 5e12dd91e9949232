"""Options of the run folder and its reports."""

import dataclasses

from wn_gan.config.option import option

ON_FAILURE = ("stop", "restart", "rollback", "ignore")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Run folder, intervals of its reports, and failure handling."""

    run_dir: str | None = option(
        None,
        "Folder of the run: created, or resumed if it holds a run.",
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
        "Steps between checkpoints that are kept in addition to 'last' and "
        "'best'; 0 for none.",
        minimum=0,
        may_change=True,
    )
    keep_checkpoints: int = option(
        5,
        "Number of the newest --keep_every_steps checkpoints to keep; 0 for "
        "all.",
        minimum=0,
        may_change=True,
    )
    diagnostics_every_steps: int = option(
        0,
        "Steps between network diagnostics in TensorBoard: norms, ranks, "
        "activations, thresholds, drift; 0 for none.",
        minimum=0,
        may_change=True,
    )
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
    running_test_evaluations: int = option(
        50, "Gradient evaluations per image in the running test.", minimum=1
    )

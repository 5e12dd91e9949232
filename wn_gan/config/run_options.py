"""Options of the run folder and its reports."""

import dataclasses

from wn_gan.config.option import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Run folder and intervals of its reports."""

    run_dir: str | None = option(
        None,
        "Folder of the run: created, or resumed if it holds a run.",
        may_change=True,
        required=True,
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
        off=0,
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
        off=0,
    )
    running_test_evaluations: int = option(
        50, "Gradient evaluations per image in the running test.", minimum=1
    )

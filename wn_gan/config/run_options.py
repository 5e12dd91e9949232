"""Options of the run folder and its reports."""

import dataclasses

from wn_gan.config.option import option


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
    running_test_evaluations: int = option(
        50, "Gradient evaluations an image in the running test.", minimum=1
    )
    test_batch_size: int = option(
        100,
        "Images that a test searches at once; changes memory, not results.",
        minimum=1,
        may_change=True,
    )

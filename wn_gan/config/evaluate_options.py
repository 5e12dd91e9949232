"""Options of `wn_gan.evaluate`."""

import dataclasses

from wn_gan.config.option import option, require
from wn_gan.config.search_options import SearchOptions
from wn_gan.errors import UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateOptions(SearchOptions):
    """What is tested, on which images, and how codes are searched for.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    run_dir: str | None = option(None, "The run to test.")
    data_dir: str | None = option(
        None, "Folder of the run's data, if they have moved."
    )
    checkpoint: str = option("best", "best, last, a step, or all.")
    average: bool = option(
        False,
        "Test the moving average of the generator's weights (of a run with "
        "--g_ema_decay) instead of the weights.",
    )
    saved_model: str | None = option(
        None,
        "A SavedModel of z -> images instead of a run; needs --images and "
        "--output. Its graph is run on this machine.",
    )
    output: str | None = option(
        None, "Folder instead of final_test/<protocol>."
    )
    images: str | None = option(
        None,
        "folder:<path>, zip:<path> or npz:<path> (uint8) instead of the "
        "final test's images.",
    )
    controls: bool = option(True, "Also measure the baselines of the score.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.run_dir is None) == (self.saved_model is None):
            raise UserError("--run_dir or --saved_model: name one of the two")
        if self.saved_model is not None:
            require(self, "images", "output", what="--saved_model needs it")

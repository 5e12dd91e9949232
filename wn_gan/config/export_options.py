"""Options of `wn_gan.export`."""

import dataclasses

from wn_gan.config.option import check_values, option, require
from wn_gan.errors import bad_flag

EXPORT_DTYPES = ("float32", "float16", "bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Generator to export, and format of the model.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    run_dir: str | None = option(
        None, "Folder of the run to export.", required=True
    )
    output: str | None = option(
        None, "Folder for the model, e.g. saved_models/<name>.", required=True
    )
    checkpoint: str = option("best", "best, last, or a step number.")
    average: bool = option(
        False,
        "Export the moving average of the generator's weights instead of the "
        "weights; needs a run with --g_ema_decay.",
    )
    dtype: str = option(
        "float32",
        "Dtype of kernels and computation; z and images stay float32.",
        choices=EXPORT_DTYPES,
    )
    evaluations: int = option(
        50,
        "Gradient evaluations per image in the signature 'reconstruct'.",
        minimum=1,
    )
    verify_only: bool = option(
        False,
        "Write nothing; compare the newest version in --output with the "
        "--checkpoint and --dtype that it was made from.",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "run_dir", "output")
        if self.checkpoint == "all":
            raise bad_flag(
                "checkpoint", "all", "must be best, last or a step number"
            )

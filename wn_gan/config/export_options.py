"""Options of `wn_gan.export`."""

import dataclasses

from wn_gan.config.option import check_values, option, require
from wn_gan.errors import bad_flag

EXPORT_FORMATS = ("saved_model", "keras", "onnx", "tflite")
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
    formats: tuple[str, ...] = option(
        ("saved_model",),
        "Formats: saved_model, for TensorFlow Serving; keras, a file of stock "
        "layers that opens without this package; onnx (extra [onnx]); tflite. "
        "The last three are generator.<format> in --output and take only z.",
        choices=EXPORT_FORMATS,
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
        files = [name for name in self.formats if name != "saved_model"]
        if files and self.dtype != "float32":
            raise bad_flag(
                "dtype", self.dtype, f"{files[0]} is written in float32 only"
            )
        if self.checkpoint == "all":
            raise bad_flag(
                "checkpoint", "all", "must be best, last or a step number"
            )

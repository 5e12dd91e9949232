"""Options of `wn_gan.sample`."""

import dataclasses

from wn_gan.config.code_options import CodeOptions
from wn_gan.config.option import check_values, option, require
from wn_gan.errors import UserError, bad_flag

SAMPLE_FORMATS = ("grid", "png", "npz")
ANIMATIONS = ("webp", "gif")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SampleOptions(CodeOptions):
    """Generator to sample, and images to write.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    run_dir: str | None = option(None, "Folder of the run to sample.")
    checkpoint: str = option("best", "best, last, or a step number.")
    average: bool = option(
        False,
        "Use the moving average of the generator's weights; needs a run with "
        "--g_ema_decay.",
    )
    data_dir: str | None = option(
        None, "New folder of the run's data, if it has moved."
    )
    saved_model: str | None = option(
        None, "SavedModel (z -> images) to sample instead of a run."
    )
    output: str | None = option(None, "Folder for the images.", required=True)
    formats: tuple[str, ...] = option(
        ("grid",),
        "Formats of the samples: grid (one PNG), png (one file per sample), "
        "npz (arrays).",
        choices=SAMPLE_FORMATS,
    )
    num_images: int = option(64, "Number of samples.", minimum=1)
    interpolate: int = option(
        0,
        "Number of codes to interpolate between, spherically; writes a strip "
        "and an animation. 0 for none.",
        minimum=0,
    )
    neighbours: bool = option(
        False, "Show the nearest training images beside the first samples."
    )
    timeline: bool = option(
        False, "Animate the sample grids saved during training."
    )
    animation: str = option("webp", "Format of animations.", choices=ANIMATIONS)

    def __post_init__(self) -> None:
        check_values(self)
        if (self.run_dir is None) == (self.saved_model is None):
            raise UserError("--run_dir or --saved_model: name one of the two")
        require(self, "output", what="name a folder for the images")
        if self.checkpoint == "all":
            raise bad_flag(
                "checkpoint", "all", "must be best, last or a step number"
            )
        if self.interpolate == 1:
            raise bad_flag("interpolate", 1, "must be 0, or 2 or more")
        if self.data_dir is not None and not self.neighbours:
            raise bad_flag(
                "data_dir", self.data_dir, "is read by --neighbours only"
            )
        for name in ("neighbours", "timeline"):
            if getattr(self, name) and self.run_dir is None:
                raise UserError(f"--{name}: needs --run_dir")

"""Options of `wn_gan.sample`."""

import dataclasses

from wn_gan.config.code_options import CodeOptions
from wn_gan.config.option import check_values, option, require
from wn_gan.errors import UserError, bad_flag

SAMPLE_FORMATS = ("grid", "png", "npz")
ANIMATIONS = ("webp", "gif")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SampleOptions(CodeOptions):
    """Which generator is drawn, and which pictures of it.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    run_dir: str | None = option(None, "The run whose generator is drawn.")
    checkpoint: str = option("best", "best, last, or a step.")
    average: bool = option(
        False, "Draw the moving average of its weights (--g_ema_decay)."
    )
    data_dir: str | None = option(
        None, "Folder of the run's data, if they have moved."
    )
    saved_model: str | None = option(
        None, "A SavedModel of z -> images instead of a run."
    )
    output: str | None = option(None, "Folder of the pictures.")
    formats: tuple[str, ...] = option(
        ("grid",),
        "What to write of the samples: grid, png (one file each), npz "
        "(arrays).",
        choices=SAMPLE_FORMATS,
    )
    num_images: int = option(64, "Number of samples.", minimum=1)
    interpolate: int = option(
        0,
        "Walk between this many codes, spherically: a strip and an "
        "animation; 0 for none.",
        minimum=0,
    )
    neighbours: bool = option(
        False, "Draw the nearest training images beside the first samples."
    )
    timeline: bool = option(
        False, "Animate the sample grids that the run has left."
    )
    animation: str = option("webp", "Format of animations.", choices=ANIMATIONS)

    def __post_init__(self) -> None:
        check_values(self)
        if (self.run_dir is None) == (self.saved_model is None):
            raise UserError("--run_dir or --saved_model: name one of the two")
        require(self, "output", what="name the folder of the pictures")
        if self.checkpoint == "all":
            raise bad_flag(
                "checkpoint", "all", "one at a time: best, last, a step"
            )
        if self.interpolate == 1:
            raise bad_flag("interpolate", 1, "must be 0, or 2 codes or more")
        for name in ("neighbours", "timeline"):
            if getattr(self, name) and self.run_dir is None:
                raise UserError(f"--{name}: needs --run_dir")

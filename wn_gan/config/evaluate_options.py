"""Options of `wn_gan.evaluate`."""

import dataclasses

from wn_gan.config.feature_options import FeatureOptions
from wn_gan.config.option import option, require
from wn_gan.config.search_options import SearchOptions
from wn_gan.errors import UserError, bad_flag

PARTS = ("final_test", "running_test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateOptions(FeatureOptions, SearchOptions):
    """Generator and images of a final test, and the code search.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    run_dir: str | None = option(None, "Folder of the run to test.")
    data_dir: str | None = option(
        None, "New folder of the run's data, if it has moved."
    )
    checkpoint: str = option("best", "best, last, a step number, or all.")
    average: bool = option(
        False,
        "Test the moving average of the generator's weights instead of the "
        "weights; needs a run with --g_ema_decay.",
    )
    saved_model: str | None = option(
        None,
        "SavedModel (z -> images) to test instead of a run; needs --images "
        "and --output. Its graph runs on this machine.",
    )
    output: str | None = option(
        None, "Output folder; default: <part>/<protocol> of the run."
    )
    images: str | None = option(
        None,
        "Test images instead of the run's: folder:<path>, zip:<path> or "
        "npz:<path> (uint8).",
    )
    part: str = option(
        PARTS[0],
        "Part of the run's images to test: 'final_test', or 'running_test', "
        "the images that chose `best` and may choose a learning rate.",
        choices=PARTS,
    )
    num_images: int | None = option(
        None,
        "Most test images, a seeded sample of the part; default: all.",
        minimum=1,
    )
    write_pairs: bool = option(
        False,
        "Also write each test image and its reconstruction as a PNG, to "
        "pairs/; a test that was made without them is made again.",
    )
    controls: bool = option(True, "Also measure the baselines.")
    controls_images: int = option(
        50_000,
        "Training images that the baselines are computed from, a seeded "
        "sample; 0 for all.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.run_dir is None) == (self.saved_model is None):
            raise UserError("--run_dir or --saved_model: name one of the two")
        if self.saved_model is not None:
            require(self, "images", "output", what="required by --saved_model")
        if self.images is not None and self.part != PARTS[0]:
            raise bad_flag(
                "part",
                self.part,
                "is of the run's images: omit --images",
            )

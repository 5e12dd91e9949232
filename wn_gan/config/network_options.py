"""Options of the networks."""

import dataclasses

from wn_gan.config.option import option

NORMS = (
    "none",
    "batch",
    "weight",
    "weight_affine",
    "weight_data_init",
    "mean_only_batch",
    "spectral",
    "layer",
    "instance",
    "group",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Normalization and size of the two networks."""

    norm: str = option(
        "weight", "Normalization of both networks.", choices=NORMS
    )
    code_size: int = option(128, "Length of the latent code z.", minimum=1)
    features: int = option(
        64, "Channels next to the image; doubled at each level.", minimum=1
    )
    levels: int | None = option(
        None,
        "Halvings of the image; default: the paper's rule, until the longer "
        "side is below 8.",
        minimum=1,
    )

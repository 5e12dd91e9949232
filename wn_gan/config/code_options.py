"""Options of sampled codes."""

import dataclasses

from wn_gan.config.option import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeOptions:
    """Seeds and truncation of sampled latent codes."""

    seed: int = option(
        0, "Seed of the first sample; sample i has seed + i.", minimum=0
    )
    truncation: float | None = option(
        None,
        "Limit codes to this many standard deviations (truncation trick); "
        "default: no limit.",
        above=0,
    )

"""Options of drawn codes."""

import dataclasses

from wn_gan.config.option import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeOptions:
    """Which latent codes are drawn."""

    seed: int = option(
        0, "Seed of the first sample; the next ones follow.", minimum=0
    )
    truncation: float | None = option(
        None,
        "Draw codes within this many standard deviations (truncation trick); "
        "default: off.",
        above=0,
    )

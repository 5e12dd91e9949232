"""Options of sampled codes."""

import dataclasses

from wn_gan.config.option import option

# Seeds are int64. The rest of their range is for seed + i.
_LARGEST_CODE_SEED = 2**62


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeOptions:
    """Seeds and truncation of sampled latent codes."""

    seed: int = option(
        0,
        "Seed of the first sample; sample i has seed + i.",
        minimum=0,
        maximum=_LARGEST_CODE_SEED,
    )
    truncation: float | None = option(
        None,
        "Limit codes to this many standard deviations (truncation trick); "
        "default: no limit.",
        above=0,
    )

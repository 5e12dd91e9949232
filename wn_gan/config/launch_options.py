"""Options of `wn_gan.train`, beside those of a run."""

import dataclasses

from wn_gan.config.option import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """How a run is begun or resumed."""

    dry_run: bool = option(
        False, "Only show the config, the sizes and an estimate of the time."
    )
    allow_change: tuple[str, ...] = option(
        (),
        "Options that a resumed run may change although its result changes.",
    )

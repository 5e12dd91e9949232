"""Options of `wn_gan.train` in addition to those of a run."""

import dataclasses

from wn_gan.config.option import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """How to start or resume a run."""

    dry_run: bool = option(
        False, "Only show the config, the sizes and a time estimate."
    )
    allow_change: tuple[str, ...] = option(
        (),
        "Options that a resumed run may change although they alter its result.",
    )

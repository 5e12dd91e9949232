"""Options of `wn_gan.compare`."""

import dataclasses

from wn_gan.config.option import check_values, option, require
from wn_gan.errors import UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Runs to compare, and the report's folder.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    run_dirs: tuple[str, ...] = option(
        (), "Folders of the runs to compare.", positional=True
    )
    bundle: str | None = option(
        None,
        "A study's bundle, its folder or its .zip, in place of folders of "
        "runs.",
    )
    output: str | None = option(None, "Folder for the report.", required=True)
    baseline: str | None = option(
        None,
        "Norm to compare the others with; default: the first run's.",
    )
    protocol: str | None = option(
        None,
        "Protocol to compare, if the runs share more than one.",
    )

    def __post_init__(self) -> None:
        check_values(self)
        if bool(self.run_dirs) == (self.bundle is not None):
            raise UserError(
                "name the folders of the runs to compare, or --bundle"
            )
        require(self, "output", what="name a folder for the report")

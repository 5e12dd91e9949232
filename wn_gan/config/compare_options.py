"""Options of `wn_gan.compare`."""

import dataclasses

from wn_gan.config.option import check_values, option, require
from wn_gan.errors import UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Which runs are compared, and where the report goes.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    run_dirs: tuple[str, ...] = option(
        (), "Folders of the runs to compare.", positional=True
    )
    output: str | None = option(None, "Folder of the report.")
    baseline: str | None = option(
        None,
        "Norm that the others are compared with; default: the first run's.",
    )
    protocol: str | None = option(
        None,
        "Protocol to compare, where the runs share more than one.",
    )

    def __post_init__(self) -> None:
        check_values(self)
        if not self.run_dirs:
            raise UserError("name the folders of the runs to compare")
        require(self, "output", what="name the folder of the report")

"""Options of `wn_gan.runs`."""

import dataclasses

from wn_gan.config.option import check_values, option
from wn_gan.errors import UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListOptions:
    """Which run folders to list.

    Raises:
        UserError: for more than one folder.
    """

    folder: tuple[str, ...] = option(
        (),
        "Folder whose runs are listed, with those in its subfolders; default: "
        "runs.",
        positional=True,
    )

    def __post_init__(self) -> None:
        check_values(self)
        if len(self.folder) > 1:
            raise UserError(f"{self.folder[1]!r}: name one folder of runs")

    @property
    def path(self) -> str:
        """The folder, else the default."""
        return self.folder[0] if self.folder else "runs"

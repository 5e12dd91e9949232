"""Options of `wn_gan.prepare` in addition to those of a run."""

import dataclasses

from wn_gan.config.option import check_values, option


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Whether to inspect the data or to prepare it.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    inspect: bool = option(
        False,
        "Only show counts, sizes, the split and unreadable files, and write "
        "a contact sheet.",
    )
    inspect_images: int = option(
        20_000,
        "Images of each part that --inspect decodes, evenly spaced; 0 for all.",
        minimum=0,
    )
    contact_sheet: str = option(
        "contact_sheet.png", "Path of the PNG that --inspect writes."
    )

    def __post_init__(self) -> None:
        check_values(self)

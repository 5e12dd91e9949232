"""One comparison of a report."""

import dataclasses
from collections.abc import Sequence

from wn_gan.compare.contrasts import Contrast
from wn_gan.compare.groups import Group


@dataclasses.dataclass(frozen=True)
class View:
    """Groups of runs and what tells them apart.

    Attributes:
        title: e.g. "each at its own best"; empty if it is the only one.
        groups: of runs that differ in their seeds only.
        baseline: the group that the others are compared with.
        contrasts: of the others.
    """

    title: str
    groups: list[Group]
    baseline: Group
    contrasts: Sequence[Contrast]

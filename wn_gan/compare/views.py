"""One comparison of a report."""

import dataclasses
from collections.abc import Sequence

from wn_gan.compare.contrast import Contrast
from wn_gan.compare.groups import Group


@dataclasses.dataclass(frozen=True)
class View:
    """Groups of runs and what tells them apart.

    Attributes:
        name: for names of files; empty for the report's first view.
        title: e.g. "each at its own best"; empty if it is the only one.
        groups: of runs that differ in their seeds only.
        baseline: the group that all others are compared with.
        contrasts: of the groups against each other.
    """

    name: str
    title: str
    groups: list[Group]
    baseline: Group
    contrasts: Sequence[Contrast]

    @property
    def against_baseline(self) -> list[Contrast]:
        """What a table's rows show: a contrast per group but the baseline."""
        return [c for c in self.contrasts if c.baseline == self.baseline.label]

    def file_name(self, stem: str) -> str:
        """Name of a file of this view, e.g. "table_shared"."""
        return f"{stem}_{self.name}" if self.name else stem

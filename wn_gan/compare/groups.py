"""Which runs are repetitions of each other: all options but the seed."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from wn_gan.compare.results import Result
from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.evaluate.protocol import word_of

# Shown by the group's name already.
_NAMED = ("norm", "g_norm", "d_norm", "architecture")


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs that differ in their seeds only.

    Attributes:
        label: norm, and the options that tell groups of one norm apart.
        runs: sorted by seed.
    """

    label: str
    runs: tuple[Result, ...]

    @property
    def seeds(self) -> list[int]:
        """One per run."""
        return [run.config.seed for run in self.runs]

    def by_seed(self, seeds: Sequence[int]) -> list[Result]:
        """The runs of some seeds, in their order."""
        runs = dict(zip(self.seeds, self.runs, strict=True))
        return [runs[seed] for seed in seeds]


def grouped(results: Sequence[Result]) -> list[Group]:
    """Groups, in the order of their first run.

    Args:
        results: of all runs.

    Raises:
        UserError: for two runs of one group with the same seed.
    """
    found: dict[tuple, list[Result]] = {}
    for result in results:
        found.setdefault(_key(result.config), []).append(result)
    labels = _labels([runs[0].config for runs in found.values()])
    groups = []
    for label, runs in zip(labels, found.values(), strict=True):
        runs = sorted(runs, key=lambda run: run.config.seed)
        for one, other in zip(runs, runs[1:], strict=False):
            if one.config.seed == other.config.seed:
                raise UserError(
                    f"{one.folder.path} and {other.folder.path} are the same "
                    f"run: {label}, seed {one.config.seed}"
                )
        groups.append(Group(label, tuple(runs)))
    return groups


def _compared(config: Config) -> dict[str, Any]:
    """The options that runs of a group share."""
    names = [
        field.name
        for field in dataclasses.fields(config)
        if not field.metadata["may_change"] and field.name != "seed"
    ]
    found = {name: getattr(config, name) for name in [*names, "train_steps"]}
    if config.has_path:
        # It may have moved; the protocol tells other images apart.
        found["dataset"] = word_of(config.dataset)
    return found


def _key(config: Config) -> tuple:
    return tuple(_compared(config).items())


def _labels(configs: list[Config]) -> list[str]:
    """Norms, with the options that differ between groups of one norm."""
    names = [config.network_name for config in configs]
    labels = []
    for config, name in zip(configs, names, strict=True):
        same = [
            _compared(other)
            for other, own in zip(configs, names, strict=True)
            if own == name
        ]
        differing = [
            f"{option}={value}"
            for option, value in _compared(config).items()
            if option not in _NAMED and len({o[option] for o in same}) > 1
        ]
        labels.append(", ".join([name, *differing]))
    return labels

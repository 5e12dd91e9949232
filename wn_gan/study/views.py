"""Which scored runs a study compares with each other."""

import dataclasses
from collections.abc import Sequence

from wn_gan.config import Config, StudyOptions
from wn_gan.progress import say
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import cells
from wn_gan.study.plan import Trial, plan, scored_runs
from wn_gan.study.tuning import choose, tuning_losses


@dataclasses.dataclass(frozen=True)
class PlannedView:
    """Runs of one comparison.

    Attributes:
        name: for names of files; empty for the report's first view.
        title: what their tuned values are; empty if nothing is tuned.
        configs: of the runs, the baseline first.
    """

    name: str
    title: str
    configs: list[Config]


def runs_of(views: Sequence[PlannedView]) -> list[Config]:
    """The runs of all views, each once, in the order in which they run.

    Seed by seed: a study that is stopped has the same seeds of each cell.

    Args:
        views: the most important one first.
    """
    found = {}
    for view in views:
        for config in sorted(view.configs, key=lambda config: config.seed):
            found.setdefault(config.run_dir, config)
    return list(found.values())


def planned_views(
    shared: Config,
    options: StudyOptions,
    trials: Sequence[Trial],
    bundle: Bundle,
) -> list[PlannedView]:
    """Returns each cell at its own best value, and all at one shared value.

    Args:
        shared: options of all runs.
        options: of the study.
        trials: its tuning runs; if there are none, there is one view.
        bundle: with the results of the tuning runs.
    """
    if not trials:
        return [PlannedView("", "", plan(shared, options))]
    choice = choose(trials, tuning_losses(trials, options, bundle))
    own, same = [], []
    for cell in cells(options):
        chosen = choice.own[cell.name]
        say(f"tuned: {cell.name}: {chosen.name}")
        own += scored_runs(shared, options, cell, chosen)
        same += scored_runs(shared, options, cell, choice.shared)
    say(f"tuned: the best value for all: {choice.shared.name}")
    if own == same:
        title = f"all at {choice.shared.name}, the best value of each"
        return [PlannedView("", title, own)]
    return [
        PlannedView("", "each at its own best", own),
        PlannedView("shared", f"all at {choice.shared.name}", same),
    ]

"""Final tests by the solver `paper`: the same images at many efforts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wn_gan.compare.groups import Group
from wn_gan.compare.result_files import read_losses, read_summary
from wn_gan.compare.results import Result
from wn_gan.runs.json_files import read_manifest

MILESTONES = (50, 100, 500, 2000)


def tested(groups: Sequence[Group]) -> list[Result]:
    """The runs that have a final test."""
    return [r for g in groups for r in g.runs if r.summary is not None]


def without_a_search(groups: Sequence[Group]) -> list[str]:
    """The tested runs that lack a test by `paper`, if others have one.

    Args:
        groups: of all runs.

    Returns:
        E.g. "weight, seed 3".
    """
    lacking = [
        f"{group.label}, seed {run.config.seed}"
        for group in groups
        for run in tested([group])
        if not _paper_tests(run)
    ]
    return lacking if len(lacking) < len(tested(groups)) else []


def shared_protocol(runs: Sequence[Result]) -> str | None:
    """The longest search by `paper` that all runs share."""
    found = [_paper_tests(run) for run in runs]
    shared = set.intersection(*map(set, found)) if found else set()
    # By name too, so that equals are chosen alike every time.
    return max(shared, key=lambda name: (found[0][name], name), default=None)


def losses_by_effort(run: Result, protocol: str) -> dict[str, float]:
    """Mean loss by effort, on the images of one test.

    Args:
        run: with a test of this protocol.
        protocol: from `shared_protocol`.
    """
    test = run.folder.final_test / protocol
    curve = read_summary(test / "summary.json")["curve"]
    found = {f"{n:,} of paper": curve[n] for n in MILESTONES if n < len(curve)}
    names = read_losses(test / "per_image.csv")
    own = [run.losses[name] for name in names if name in run.losses]
    if protocol != run.test.name and own:
        search = _search(run.test)
        label = f"{search.get('evaluations')} of {search.get('solver')}"
        found[label] = float(np.mean(own))
    return found


def _paper_tests(run: Result) -> dict[str, int]:
    """Evaluations by protocol, of tests on the run's own images."""
    found = {}
    for test in run.folder.final_tests():
        provenance = read_summary(test / "summary.json")["provenance"]
        search = _search(test)
        own_images = provenance.get("images") is None
        if own_images and search.get("solver") == "paper":
            evaluations = search.get("evaluations")
            known = isinstance(evaluations, int)
            found[test.name] = evaluations if known else 0
    return found


def _search(test: Path) -> dict:
    """The search of a test; empty if its manifest is damaged."""
    search = read_manifest(test).get("search")
    return search if isinstance(search, dict) else {}

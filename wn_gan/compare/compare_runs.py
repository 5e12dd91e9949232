"""The work of `python -m wn_gan.compare`."""

from collections.abc import Sequence
from pathlib import Path

from wn_gan.compare.bundled import bundled_runs
from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.features import with_features
from wn_gan.compare.groups import Group, grouped
from wn_gan.compare.page import write_report
from wn_gan.compare.results import read_results
from wn_gan.config import CompareOptions
from wn_gan.errors import UserError, bad_flag
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder


def compare(options: CompareOptions) -> None:
    """Writes the report of some runs.

    Args:
        options: of the verb.

    Raises:
        UserError: for runs that cannot be compared.
    """
    output = Path(options.output)
    run_dirs = options.run_dirs
    if options.bundle is not None:
        run_dirs = bundled_runs(options.bundle)
    results = read_results(_ended(run_dirs), options.protocol)
    results = with_features(results)
    groups = grouped(results)
    baseline = _baseline(groups, options.baseline)
    if output.exists() and not output.is_dir():
        raise bad_flag("output", output, "is not a folder")
    found = contrasts(groups, baseline)
    files = write_report(groups, baseline, found, output)
    for contrast in found:
        say(contrast.sentence())
    say(f"written: {', '.join(str(path) for path in files)}")


def _ended(run_dirs: Sequence[str]) -> list[str]:
    """The runs that no process is training at the moment."""
    running = [path for path in run_dirs if RunFolder(path).is_locked()]
    for path in running:
        say(f"left out: {path}: another process is training there")
    if len(running) == len(run_dirs):
        raise UserError("all runs are still in training: compare them later")
    return [path for path in run_dirs if path not in running]


def _baseline(groups: list[Group], wanted: str | None) -> Group:
    """The group that `--baseline` names, by its label or its norm."""
    if wanted is None:
        return groups[0]
    found = [group for group in groups if group.label == wanted]
    found = found or [g for g in groups if g.runs[0].config.norm == wanted]
    if len(found) != 1:
        labels = "; ".join(group.label for group in groups)
        raise bad_flag("baseline", wanted, f"must be one of {labels}")
    return found[0]

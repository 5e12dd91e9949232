"""The work of `python -m wn_gan.compare`."""

from collections.abc import Sequence

from wn_gan.compare.bundled import Compared, read_bundle
from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.features import with_features
from wn_gan.compare.groups import Group, grouped
from wn_gan.compare.packed import unpacked
from wn_gan.compare.page import write_report
from wn_gan.compare.results import read_results
from wn_gan.compare.views import View
from wn_gan.config import CompareOptions
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import output_folder
from wn_gan.progress import say
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.run_state import has_failed


def compare(options: CompareOptions) -> None:
    """Writes the report of some runs.

    Args:
        options: of the verb.

    Raises:
        UserError: for runs that cannot be compared.
    """
    if options.bundle is None:
        _report(Compared([("", "", options.run_dirs)]), options)
        return
    with unpacked(options.bundle) as folder:
        _report(read_bundle(folder, options.bundle), options)


def _report(compared: Compared, options: CompareOptions) -> None:
    protocol = options.protocol or compared.protocol
    views = [
        _view(*view, protocol, compared.features, options.baseline)
        for view in compared.views
    ]
    output = output_folder(options.output)
    files = write_report(views, compared.tuning, output)
    for view in views:
        for contrast in view.contrasts:
            say(f"{view.title}: {contrast.sentence()}".removeprefix(": "))
    page, *others = files
    say(f"written: {page} and {len(others)} tables and charts beside it")
    say(f"next: open {page} in a browser")


def _view(
    name: str,
    title: str,
    run_dirs: Sequence[str],
    protocol: str | None,
    features: str | None,
    baseline: str | None,
) -> View:
    """The comparison of some runs."""
    results = read_results(_ended(run_dirs), protocol)
    groups = grouped(with_features(results, features))
    base = _baseline(groups, baseline)
    return View(name, title, groups, base, contrasts(groups, base))


def _ended(run_dirs: Sequence[str]) -> list[str]:
    """The runs that have done all their steps, or have failed."""
    ended = []
    for path in run_dirs:
        run = RunFolder(path)
        if run.is_locked():
            say(f"left out: {path}: another process is training there")
        elif run.exists() and not (run.final.exists() or has_failed(run)):
            say(f"left out: {path}: it was stopped before its last step")
        else:
            ended.append(path)
    if not ended:
        raise UserError("no run has ended: compare them later")
    return ended


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

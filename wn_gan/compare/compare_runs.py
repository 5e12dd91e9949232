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
        _view(*view, protocol, options.baseline) for view in compared.views
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
    baseline: str | None,
) -> View:
    """The comparison of some runs."""
    results = with_features(read_results(_ended(run_dirs), protocol))
    groups = grouped(results)
    base = _baseline(groups, baseline)
    return View(name, title, groups, base, contrasts(groups, base))


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

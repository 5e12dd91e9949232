"""The work of `python -m wn_gan.compare`."""

from pathlib import Path

from wn_gan.compare.page import write_report
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import grouped
from wn_gan.config import CompareOptions
from wn_gan.errors import bad_flag
from wn_gan.progress import say


def compare(options: CompareOptions) -> None:
    """Writes the report of some runs.

    Args:
        options: of the verb.

    Raises:
        UserError: for runs that cannot be compared.
    """
    output = Path(options.output)
    results = read_results(options.run_dirs, options.protocol)
    groups = grouped(results)
    baseline = options.baseline or next(iter(groups))
    if baseline not in groups:
        raise bad_flag(
            "baseline", baseline, f"must be one of {', '.join(groups)}"
        )
    if output.exists() and not output.is_dir():
        raise bad_flag("output", output, "is not a folder")
    files = write_report(results, baseline, output)
    say(f"written: {', '.join(str(path) for path in files)}")

"""Comparison: python -m wn_gan.compare runs/a runs/b --output=DIR.

Reads runs and their final tests (python -m wn_gan.evaluate) and writes
report.html, table.csv, table.md and the plots.
"""

import sys
from pathlib import Path

from absl import flags

from wn_gan import cli
from wn_gan.errors import UserError, bad_flag


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of this verb."""
    flags.DEFINE_string(
        "output", None, "Folder of the report.", flag_values=flag_values
    )
    flags.DEFINE_string(
        "baseline",
        None,
        "Norm that the others are held against; default: the first run's.",
        flag_values=flag_values,
    )
    flags.DEFINE_string(
        "protocol",
        None,
        "Protocol to compare, where the runs share more than one.",
        flag_values=flag_values,
    )


def main(flag_values: flags.FlagValues, run_dirs: list[str]) -> int:
    """Checks the flags, then compares."""
    if not run_dirs:
        raise UserError("name the folders of the runs to compare")
    if flag_values.output is None:
        raise UserError("--output: missing; name the folder of the report")
    compare(
        run_dirs,
        Path(flag_values.output),
        flag_values.baseline,
        flag_values.protocol,
    )
    return 0


def compare(
    run_dirs: list[str],
    output: Path,
    baseline: str | None = None,
    protocol: str | None = None,
) -> None:
    """Writes the report of some runs.

    Args:
        run_dirs: of the runs.
        output: folder of the report.
        baseline: norm that the others are held against; default: the first.
        protocol: to compare, where the runs share more than one.

    Raises:
        UserError: for runs that cannot be compared.
    """
    from wn_gan.report.page import write_report
    from wn_gan.report.results import read_results
    from wn_gan.report.tables import grouped

    results = read_results(run_dirs, protocol)
    groups = grouped(results)
    baseline = baseline or next(iter(groups))
    if baseline not in groups:
        raise bad_flag(
            "baseline", baseline, f"must be one of {', '.join(groups)}"
        )
    if output.exists() and not output.is_dir():
        raise bad_flag("output", output, "is not a folder")
    files = write_report(results, baseline, output)
    print(f"written: {', '.join(str(path) for path in files)}")


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main, positional=True))

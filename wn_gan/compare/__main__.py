"""Comparison: python -m wn_gan.compare runs/a runs/b --output=DIR.

Reads runs and their final tests (python -m wn_gan.evaluate) and writes
report.html, table.csv, table.md and the plots.
"""

import sys

from wn_gan import cli
from wn_gan.config import CompareOptions


def main(options: CompareOptions) -> None:
    """Compares the runs."""
    from wn_gan.compare.compare_runs import compare

    compare(options)


KINDS = (CompareOptions,)
FIRST = ("run_dirs", "output")

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))

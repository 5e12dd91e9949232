"""Runs: python -m wn_gan.runs runs.

Lists the run folders in a folder: norm, data, steps, best running-test loss,
final tests, state, size and last change.
"""

import sys

from wn_gan import cli
from wn_gan.config import ListOptions


def main(options: ListOptions) -> None:
    """Prints the table."""
    from wn_gan.runs.list_runs import list_runs

    list_runs(options.path)


KINDS = (ListOptions,)
FIRST = ("folder",)

if __name__ == "__main__":
    sys.exit(
        cli.run_verb(__doc__, KINDS, main, first=FIRST, uses_tensorflow=False)
    )

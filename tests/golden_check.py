"""Compares this package with the numbers of the authors' own modules.

    python tests/golden_check.py FILE.npz [FILE.npz ...]

prints the largest relative error of each part and exits 1 beyond its
tolerance; see `helpers/golden_check.py`.
"""

import sys

import numpy as np
from helpers.golden_check import check_file, report


def main(paths: list[str]) -> int:
    """Checks each file; 0 if all agree, 1 if not, 2 without a file."""
    if not paths:
        print("usage: python tests/golden_check.py FILE.npz [FILE.npz ...]")
        return 2
    agreed = True
    for path in paths:
        print(path)
        golden = dict(np.load(path, allow_pickle=False))
        agreed &= report(check_file(golden))
    print("all parts agree" if agreed else "not all parts agree")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

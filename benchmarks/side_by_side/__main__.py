"""Training steps of this package beside PyTorch's and tensorflow-addons'.

    python -m benchmarks.side_by_side [quick|standard|full] [--addons=PYTHON]

Every peer runs in a process of its own, and they take turns: `ROUNDS` rounds
of about a second each. Before that, each PyTorch network must have our number
of parameters and our forward values. Prints medians of images/s and writes
`benchmarks/results/<date>-<cases>.json`. "quick" writes nothing: it compares
ratios with the newest results of the same CPU, and fails on a loss of more
than 15%. Nothing else should run meanwhile.
"""

import argparse
import importlib.util
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.side_by_side import cases, whole
from benchmarks.side_by_side.earlier import RESULTS, compare
from benchmarks.side_by_side.rounds import FLOOR, ROOT, Rates, time_case

ROUNDS = 5
CASES = {
    "quick": lambda: list(cases.QUICK),
    "standard": cases.standard,
    "full": cases.full,
}


def cpu_model() -> str:
    """Returns the CPU's name."""
    info = Path("/proc/cpuinfo")
    found = info.exists() and re.search(
        r"^model name\s*: (.*)$", info.read_text(), re.M
    )
    return found[1] if found else platform.processor()


def show(case: cases.Case, rates: dict[str, Rates]) -> None:
    """Prints the medians of a case, and ours over each peer's."""
    print(case)
    ours = rates["ours"]
    for peer, each in rates.items():
        if peer == FLOOR:
            floor = each.median / ours.about["gflop_per_image"]
            text = f"GFLOP/s  ours is at {ours.median / floor:.2f} of the floor"
        else:
            text = (
                f"images/s  ours is {ours.median / each.median:.2f} of it; "
                f"first step after {each.about['seconds_to_first_step']} s, "
                f"{each.about['peak_memory_mib']} MiB"
            )
        print(
            f"  {peer:20} {each.median:8.1f} "
            f"({min(each.rates):.1f} to {max(each.rates):.1f}) {text}",
            flush=True,
        )


def main() -> int:
    """Times the cases and writes the results; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", choices=CASES, nargs="?", default="standard")
    parser.add_argument("--addons", help="Python with tensorflow-addons")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        parser.error("PyTorch is missing; install the extra 'bench'")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.strip()
    found = {
        "cpu": cpu_model(),
        "commit": commit,
        "rounds": ROUNDS,
        "results": [],
        "whole": {},
    }
    for case in CASES[options.cases]():
        with tempfile.TemporaryDirectory() as folder:
            rates = time_case(case, Path(folder), ROUNDS, options.addons)
        show(case, rates)
        peers = {peer: each.to_json() for peer, each in rates.items()}
        found["results"].append({"case": str(case), "medians": peers})
    if options.cases == "quick":
        return compare(found)
    with tempfile.TemporaryDirectory() as folder:
        for name, values in whole.rows(Path(folder), ROUNDS):
            print(name, json.dumps(values, indent=1), flush=True)
            found["whole"][name] = values
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y-%m-%d')}-{options.cases}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

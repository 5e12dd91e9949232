"""Training steps of this package beside PyTorch's and tensorflow-addons'.

    python -m benchmarks.side_by_side [quick|standard|full] [--addons=PYTHON]

Every peer runs in a process of its own, and they take turns: `ROUNDS` rounds
of about 1.5 s each. Before that, each PyTorch network must have our number of
parameters and our forward values. Prints medians of images/s and writes
`benchmarks/results/<date>-<cases>.json`. Nothing else should run meanwhile.
"""

import argparse
import importlib.util
import json
import platform
import re
import tempfile
import time
from pathlib import Path

from benchmarks.side_by_side import cases
from benchmarks.side_by_side.rounds import ROOT, Rates, time_case

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
    for peer, each in rates.items():
        ratio = rates["ours"].median / each.median
        print(
            f"  {peer:20} {each.median:8.1f} images/s "
            f"({min(each.rates):.1f} to {max(each.rates):.1f})  "
            f"ours is {ratio:.2f} of it",
            flush=True,
        )


def main() -> None:
    """Times the cases and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", choices=CASES, nargs="?", default="standard")
    parser.add_argument("--addons", help="Python with tensorflow-addons")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        parser.error("PyTorch is missing; install the extra 'bench'")
    results = []
    for case in CASES[options.cases]():
        with tempfile.TemporaryDirectory() as folder:
            rates = time_case(case, Path(folder), ROUNDS, options.addons)
        show(case, rates)
        peers = {peer: each.to_json() for peer, each in rates.items()}
        results.append({"case": str(case), "images_per_second": peers})
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y-%m-%d')}-{options.cases}.json"
    found = {"cpu": cpu_model(), "rounds": ROUNDS, "results": results}
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

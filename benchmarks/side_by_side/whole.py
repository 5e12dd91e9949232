"""Rows about more than a step: `make train`, search, loop, export, growth."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.side_by_side import cases
from benchmarks.side_by_side.cases import EVALUATIONS_PER_CALL
from benchmarks.side_by_side.rounds import (
    ROOT,
    ask,
    python_module,
    time_commands,
)

Row = tuple[str, dict]
PAPER_EVALUATIONS = 2000


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Measures; yields each row's name and values.

    Args:
        folder: an empty folder.
        rounds: number of rounds of what is timed in turn.
    """
    run_dir = folder / "quickstart"
    yield "make train", _quickstart(run_dir)
    yield from _search(run_dir, folder, rounds)
    yield "loop, features 64, batch 64", ask(python_module("loop"))
    yield "export, features 64", ask(python_module("export_latency"))
    yield "growth", _growth(folder, rounds)


def _quickstart(run_dir: Path) -> dict:
    """Trains as `make train` does."""
    command = [sys.executable, "-m", "wn_gan.train"]
    command += ["--flagfile=flags/quickstart.cfg", f"--run_dir={run_dir}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    final = json.loads((run_dir / "final.json").read_text())
    names = ("wall_seconds", "peak_memory_mib", "best_reconstruction_loss")
    return {name: final[name] for name in names}


def _search(run_dir: Path, folder: Path, rounds: int) -> Iterator[Row]:
    commands = {
        "ours": python_module("search_ours", str(run_dir), str(folder)),
        "torch": python_module("search_torch", str(folder)),
    }
    each = time_commands(commands, rounds)
    about = each["ours"].about
    milliseconds = {
        f"{name}, ms": round(1000 / rates.median, 1)
        for name, rates in each.items()
    }
    yield (
        f"evaluation of 100 images (in calls of {EVALUATIONS_PER_CALL})",
        milliseconds,
    )
    wanted = PAPER_EVALUATIONS / each["torch"].median
    found = {"torch paper, 2,000 evaluations, s": round(wanted, 2)}
    solvers = [
        solver
        for solver in ("lbfgs", "preconditioned_lbfgs")
        if about[solver] is not None
    ]
    commands = {
        solver: python_module(
            "search_ours", str(run_dir), solver, str(about[solver])
        )
        for solver in solvers
    }
    for solver, rates in time_commands(commands, rounds).items():
        seconds = 1 / rates.median + rates.about["seconds_to_prepare"]
        found[f"{solver}, evaluations"] = rates.about["evaluations"]
        found[f"{solver}, s"] = round(seconds, 2)
        found[f"torch over {solver}"] = round(wanted / seconds, 1)
    yield f"to the loss {about['paper_loss']:.5f} of paper", found


def _growth(folder: Path, rounds: int) -> dict:
    """Images per second and peak memory of our step, by size and batch."""
    found = {}
    for case in cases.GROWTH:
        command = python_module("ours", case.to_json(), str(folder))
        rates = time_commands({"ours": command}, rounds)["ours"]
        found[str(case)] = {
            "images_per_second": round(rates.median, 1),
            "peak_memory_mib": rates.about["peak_memory_mib"],
        }
    return found

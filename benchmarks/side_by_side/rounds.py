"""Interleaved rounds of workers, each in a process of its own."""

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import Case

ROOT = Path(__file__).resolve().parent.parent.parent
FLOOR = "matrix product"
PACKAGE = "benchmarks.side_by_side"


class Rates(NamedTuple):
    """Images per second of one worker.

    Attributes:
        rates: one per round.
        about: what the worker told of itself.
    """

    rates: list[float]
    about: dict

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return statistics.median(self.rates)

    def to_json(self) -> dict:
        """Median, least and largest rate, and the worker's own words."""
        return {
            "median": round(self.median, 1),
            "least": round(min(self.rates), 1),
            "largest": round(max(self.rates), 1),
            **self.about,
        }


def time_case(
    case: Case, folder: Path, rounds: int, addons: str | None = None
) -> dict[str, Rates]:
    """Times all peers of a case in turn.

    Args:
        case: the case.
        folder: place of the networks' plans.
        rounds: number of rounds; in each, every peer has its turn.
        addons: Python of an environment with tensorflow-addons, or None.

    Returns:
        Rates by peer.
    """
    other = folder / "other"
    other.mkdir()
    commands = {
        "ours": python_module("ours", case.to_json(), str(folder)),
    }
    if case.is_small:
        commands["ours, XLA"] = python_module(
            "ours", case.to_json(), str(other), "xla"
        )
    if case.has_addons_twin and case.image_size == 32:
        none = dataclasses.replace(case, norm="none").to_json()
        commands["ours, none"] = python_module("ours", none, str(other))
    for peer in case.peers[1:]:
        commands[peer] = python_module(
            "torch_step", case.to_json(), str(folder), peer.split()[1]
        )
    if addons and case.has_addons_twin:
        module = f"{PACKAGE}.addons_step"
        commands["addons wrapper"] = [addons, "-m", module, case.to_json()]
    if case.precision == "float32":
        commands[FLOOR] = python_module("floor")
    found = time_commands(commands, rounds)
    ours = found["ours"].about.pop("parameters")
    for peer, rates in found.items():
        parameters = rates.about.pop("parameters", ours)
        same = parameters == ours or peer == "ours, none"
        assert same, (peer, parameters, ours)
    return found


def python_module(name: str, *arguments: str) -> list[str]:
    """Command that runs a module of this package."""
    return [sys.executable, "-m", f"{PACKAGE}.{name}", *arguments]


def time_commands(
    commands: dict[str, Sequence[str]], rounds: int
) -> dict[str, Rates]:
    """Starts workers, one after another, and times them in turn.

    Returns:
        Rates by name.
    """
    with contextlib.ExitStack() as stack:
        workers, rates = {}, {}
        for name, command in commands.items():
            process = stack.enter_context(_running(command))
            workers[name] = process
            rates[name] = Rates([], _answer(process))
        for _ in range(rounds):
            for name, process in workers.items():
                process.stdin.write("\n")
                process.stdin.flush()
                answer = _answer(process)
                rates[name].rates.append(answer.pop("rate"))
                rates[name].about.update(answer)
    return rates


def ask(command: Sequence[str]) -> dict:
    """Runs a command; returns its last line as JSON."""
    result = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


@contextlib.contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {worker.STARTED: str(time.time())},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answer(process: subprocess.Popen) -> dict:
    """Reads a worker's next line."""
    for line in process.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise RuntimeError(
        f"{' '.join(map(str, process.args))} ended without an answer; run it "
        "by hand to see why"
    )

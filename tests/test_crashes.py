"""Runs that are killed again and again end like runs that are not.

`make crash-test` kills at 20 random moments on one device and at 5 each on
two logical devices and on two workers; the suite at a few. CRASH_SEED repeats
a series.
"""

import json
import os
import random
import subprocess
import sys
import time

import pytest
from helpers.commands import (
    HELPERS,
    MIRRORED,
    TINY,
    as_flags,
    free_hosts,
    worker_flags,
)
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator,
)

from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics

# Many processes, which may share two cores with another suite.
pytestmark = pytest.mark.timeout(3600)

KILLED = TINY | {
    "train_steps": 60,
    "log_every_steps": 1,
    "keep_every_steps": 20,
    "running_test_images": 40,
    "running_test_evaluations": 50,
    "deterministic": True,
}
DEVICES = {"one": [[]], "mirrored": [MIRRORED]}
SIGKILLED = -9
NEVER = {"what": "step", "count": 0, "seconds": 0}
# What differs between repeats of a run: time, and what the machine did.
CLOCKS = ("images_per_second", "memory_mib", "data_wait_fraction")


def random_moment(choose):
    """In training, in writing a checkpoint, in a running test, or anywhere."""
    what = choose.choice(["step", "checkpoint", "test", "file"])
    counts = {"step": 25, "checkpoint": 4, "test": 2, "file": 60}
    # Up to the time that a step, a write, or a test of KILLED takes.
    seconds = {"step": 0.02, "checkpoint": 0.005, "test": 0.2, "file": 0}
    return {
        "what": what,
        "count": choose.randint(1, counts[what]),
        "seconds": choose.uniform(0, seconds[what]),
    }


def start(folder, kind, moment=NEVER, victim=0):
    """The processes of a run, one of which will kill itself."""
    flags = KILLED | {"run_dir": folder.path}
    flags = as_flags(flags)
    devices = DEVICES.get(kind) or worker_flags(free_hosts(2))
    processes = []
    for index, own in enumerate(devices):
        chosen = json.dumps(moment if index == victim else NEVER)
        script = str(HELPERS / "killed_run.py")
        command = [sys.executable, script, chosen, *flags, *own]
        processes.append(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return processes


def statuses(processes):
    """How they ended; none has shown a traceback."""
    try:
        outputs = [process.communicate(timeout=600) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for _, errors in outputs:
        assert "Traceback" not in errors, errors
        print(*[x for x in errors.splitlines() if x.startswith("error: ")])
    return [process.returncode for process in processes]


def numbers(folder):
    """What a run has measured, step by step, without the clocks."""
    return [
        {k: v for k, v in record.items() if k not in CLOCKS}
        for record in read_metrics(folder.metrics)
    ]


def curve(folder):
    """The steps of the loss's curve as TensorBoard's server reads it."""
    events = EventAccumulator(str(folder.path), {"tensors": 0})
    events.Reload()
    return [event.step for event in events.Tensors("loss/d_loss")]


def check_equal(folder, whole):
    """A run and one that was never killed."""
    weights = [
        json.loads(f.final.read_text())["weights_sha256"]
        for f in (folder, whole)
    ]
    assert weights[0] == weights[1]
    assert numbers(folder) == numbers(whole)
    steps = [record["step"] for record in numbers(folder)]
    assert steps == curve(folder) == list(range(1, 61))
    names = [
        {str(path.relative_to(f.path)) for path in f.path.glob("*/*.???")}
        for f in (folder, whole)
    ]
    assert names[0] == names[1]


def killed_once(folder, kind, choose):
    """Starts the run and kills it; returns whether it was finished first."""
    moment = random_moment(choose)
    victim = choose.randrange(2) if kind == "workers" else 0
    if victim == 1 and moment["what"] in ("checkpoint", "file"):
        moment["what"] = "step"  # only the chief writes
    begin = time.monotonic()
    found = statuses(start(folder, kind, moment, victim))
    ended = time.monotonic() - begin
    print(f"{kind}, process {victim}, {moment}: {found} after {ended:.0f} s")
    if set(found) == {0}:
        return True
    assert found.pop(victim) == SIGKILLED
    assert all(status == 4 for status in found)
    return False


def kill_and_compare(tmp_path, kind, kills, seed):
    """As many kills as asked for; every run that ends is compared."""
    print(f"CRASH_SEED={seed}")
    choose = random.Random(seed)
    whole = RunFolder(tmp_path / "whole")
    assert set(statuses(start(whole, kind))) == {0}
    number = left = kills
    while left:
        folder = RunFolder(tmp_path / f"killed_{number}")
        number -= 1
        finished = False
        while left and not finished:
            finished = killed_once(folder, kind, choose)
            left -= not finished
        if not finished:
            assert set(statuses(start(folder, kind))) == {0}
        check_equal(folder, whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, kills", [("one", 20), ("mirrored", 5), ("workers", 5)]
)
def test_many_kills_change_nothing(tmp_path, kind, kills):
    seed = int(os.environ.get("CRASH_SEED", random.randrange(10**6)))
    kill_and_compare(tmp_path, kind, kills, seed)


def test_three_kills_change_nothing(tmp_path):
    """The short form: one device, three moments that stay the same."""
    kill_and_compare(tmp_path, "one", 3, seed=0)

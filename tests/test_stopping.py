"""SIGTERM and lost workers: nothing is lost, and the run goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.commands import TINY, as_flags, free_hosts, worker_flags

from wn_gan.config import Config
from wn_gan.reconstruction import RunningTest
from wn_gan.runs import checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.train.train_run import train

# Many processes, which may share two cores with another suite.
pytestmark = pytest.mark.timeout(1800)

REPRODUCIBLE = TINY | {"deterministic": True}


def weights(folder):
    return json.loads(folder.final.read_text())["weights_sha256"]


def test_a_stop_during_a_running_test(tmp_path, monkeypatch):
    """The step is saved; the test is done on resuming; nothing differs."""
    folders = [RunFolder(tmp_path / name) for name in ("whole", "stopped")]
    whole, stopped = (
        Config(**TINY | {"run_dir": str(folder.path)}) for folder in folders
    )
    assert train(whole) == 0
    test = RunningTest.__call__

    def stopped_test(self, before_batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return test(self, before_batch)

    with monkeypatch.context() as patch:
        patch.setattr(RunningTest, "__call__", stopped_test)
        assert train(stopped) == 128 + signal.SIGTERM
    _, metadata = checkpoints.read(folders[1].checkpoints / "last.npz")
    assert metadata["step"] == 10
    assert metadata["unreported"].keys() >= {"d_loss", "g_loss"}
    steps = [r["step"] for r in read_metrics(folders[1].metrics)]
    assert steps == [5]
    assert train(stopped) == 0
    assert weights(folders[0]) == weights(folders[1])
    one, two = (read_metrics(folder.metrics) for folder in folders)
    for expected, found in zip(one, two, strict=True):
        for name in ("step", "d_loss", "g_loss", "reconstruction_loss"):
            assert expected.get(name) == found.get(name)


def start(folder, hosts, **options):
    """Both workers of a run; their output goes to files beside it."""
    flags = REPRODUCIBLE | {"run_dir": folder.path} | options
    given = as_flags(flags)
    processes = []
    for index, own in enumerate(worker_flags(hosts)):
        command = [sys.executable, "-m", "wn_gan.train", *given, *own]
        with open(f"{folder.path}.{index}.log", "w") as log:
            processes.append(
                subprocess.Popen(command, stdout=log, stderr=log, text=True)
            )
    return processes


def wait_for_step(folder, step, processes, seconds=400):
    for _ in range(seconds * 20):
        if folder.metrics.exists() and f'"step": {step},' in (
            folder.metrics.read_text()
        ):
            return
        assert all(process.poll() is None for process in processes), [
            open(f"{folder.path}.{i}.log").read()[-2000:] for i in range(2)
        ]
        time.sleep(0.05)
    raise AssertionError(f"no step {step} within {seconds} s")


@pytest.mark.parametrize("lost", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_lost_worker_ends_the_others_and_the_run_goes_on(tmp_path, lost):
    """Killed at step 15; the survivor ends within 60 s, with one line."""
    whole = RunFolder(tmp_path / "whole")
    killed = RunFolder(tmp_path / "killed")
    processes = start(whole, free_hosts(2))
    try:
        assert [p.wait(timeout=600) for p in processes] == [0, 0]
        processes += start(killed, free_hosts(2))
        dying = processes[2:]
        wait_for_step(killed, 15, dying)
        dying[lost].kill()
        begin = time.monotonic()
        status = dying[1 - lost].wait(timeout=60)
        assert status == 4
        print(f"the survivor ended after {time.monotonic() - begin:.1f} s")
        with open(f"{killed.path}.{1 - lost}.log") as log:
            output = log.read()
        told = [x for x in output.splitlines() if x.startswith("failed: ")]
        assert len(told) == 1 and "another worker is gone" in told[0]
        assert "Traceback" not in output
        again = start(killed, free_hosts(2))
        processes += again
        assert [p.wait(timeout=600) for p in again] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    assert weights(killed) == weights(whole)
    steps = [r["step"] for r in read_metrics(killed.metrics)]
    assert steps == [5, 10, 15, 20]
    assert {p.name for p in killed.path.iterdir()} >= {"final.json"}

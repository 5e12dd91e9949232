"""TensorBoard's real page, in a real browser."""

import re
import subprocess
import sys
import time

import pytest
from helpers.commands import CHROMIUM, CHROMIUM_FLAGS, TINY, run_module

from wn_gan.runs.metrics import read_metrics

# TensorBoard draws only the cards that are in view.

pytestmark = pytest.mark.one_stack

WINDOW = "--window-size=1400,2400"


@pytest.fixture
def tensorboard(tmp_path):
    """The address of TensorBoard on a small run, and the run's folder."""
    run_dir = tmp_path / "run"
    result = run_module("train", run_dir=run_dir, **TINY)
    assert result.returncode == 0, result.stderr
    log = tmp_path / "tensorboard.log"
    command = [sys.executable, "-m", "tensorboard.main", "--port=0"]
    command += ["--host=127.0.0.1", f"--logdir={run_dir.parent}"]
    with open(log, "w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield _address(log, server), run_dir
    finally:
        server.terminate()
        server.wait()


def _address(log, server, seconds=60):
    for _ in range(seconds * 10):
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_scalars_and_images_are_visible(tensorboard, tmp_path):
    address, run_dir = tensorboard
    page = f"{address}/?tagFilter=loss%7Csamples%7Creconstructions#timeseries"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    # The server may still be reading the events when the page first asks.
    for _ in range(5):
        dom = subprocess.run(
            [
                CHROMIUM,
                *CHROMIUM_FLAGS,
                WINDOW,
                profile,
                page,
            ],
            capture_output=True,
            text=True,
            timeout=180,
        ).stdout
        if dom.count("<image-card-component") == 2:
            break
        time.sleep(2)
    for tag in ("loss/d_loss", "loss/g_loss", "reconstruction_loss"):
        assert tag in dom
    assert dom.count("<scalar-card-component") == 3
    assert len(re.findall(r'src="data/plugin/timeseries/imageData', dom)) == 2
    last = read_metrics(run_dir / "metrics.jsonl")[-1]
    # The card's table shows four digits of the last value.
    assert f"{last['d_loss']:.4g}" in dom

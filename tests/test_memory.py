"""Memory over a long run."""

import pytest
from helpers.commands import TINY, run_module

from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics

pytestmark = pytest.mark.timeout(3600)

GROWTH_MIB = 50


@pytest.mark.slow
def test_memory_does_not_grow(tmp_path):
    """From step 500 to 5,000, with tests, grids, looks and checkpoints on."""
    folder = RunFolder(tmp_path / "run")
    options = TINY | {
        "train_steps": 5000,
        "log_every_steps": 100,
        "test_every_steps": 100,
        "sample_every_steps": 250,
        "checkpoint_every_steps": 100,
        "keep_every_steps": 500,
        "diagnostics_every_steps": 500,
        "on_failure": "ignore",
    }
    result = run_module("train", run_dir=folder.path, timeout=3000, **options)
    assert result.returncode == 0, result.stderr
    held = {r["step"]: r["memory_mib"] for r in read_metrics(folder.metrics)}
    for step in range(500, 5001, 500):
        print(f"step {step:5,}: {held[step]:.1f} MiB")
    assert held[5000] - held[500] < GROWTH_MIB

"""What the tests share: small networks, real images, a real command line."""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from wn_gan import cli

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Two logical devices, so that replicas can be tested on any machine.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=30000",
    "--dump-dom",
]
# A run of a few seconds: every part of a real one, as small as can be.
TINY = {
    "dataset": "faces",
    "features": 4,
    "code_size": 8,
    "batch_size": 8,
    "train_steps": 20,
    "log_every_steps": 5,
    "test_every_steps": 10,
    "sample_every_steps": 10,
    "checkpoint_every_steps": 10,
    "running_test_images": 6,
    "running_test_evaluations": 5,
    "final_test_images": 10,
}


@pytest.fixture
def shared():
    """The folder of real images beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs real images in {SHARED.name}/ beside the checkout")
    return SHARED


@pytest.fixture
def random():
    return np.random.default_rng(0)


def run_module(module, *arguments, timeout=300, **options):
    """Runs `python -m wn_gan.<module>` as a user would, flags by name."""
    flags = [f"--{name}={value}" for name, value in options.items()]
    return subprocess.run(
        [sys.executable, "-m", f"wn_gan.{module}", *flags, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture
def run_here(capsys):
    """As `run_module`, in this process: seconds quicker."""

    def run(module, *arguments, **options):
        verb = importlib.import_module(f"wn_gan.{module}")
        flags = [f"--{name}={value}" for name, value in options.items()]
        argv = [module, *flags, *arguments]
        positional = module == "compare"
        status = cli.run_verb(
            verb.__doc__, verb.define_flags, verb.main, argv, positional
        )
        told = capsys.readouterr()
        return subprocess.CompletedProcess(argv, status, told.out, told.err)

    return run


@pytest.fixture
def refused(run_here):
    """Runs a verb here, which must refuse its flags; what it says."""

    def run(module, *arguments, **options):
        result = run_here(module, *arguments, **options)
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith("error: "), result.stderr
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    return run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The folder of a finished run, to be read only."""
    folder = tmp_path_factory.mktemp("tiny") / "run"
    result = run_module("train", run_dir=folder, **TINY)
    assert result.returncode == 0, result.stderr
    return folder

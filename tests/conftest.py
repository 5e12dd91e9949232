"""Fixtures: real images, verbs in this process, one small finished run."""

import importlib
import inspect
import os
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import SHARED, TINY, as_flags, run_module

from wn_gan import cli, keras_compat
from wn_gan.config import Config
from wn_gan.export.export_run import save
from wn_gan.export.served import ServedGenerator
from wn_gan.gan.building import build_gan

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Two logical devices, so that replicas can be tested on any machine.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


@pytest.fixture(scope="session")
def mirrored():
    """One for a process: TensorFlow mixes up the gathers of two."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


_ON_MAIN_ONLY = pytest.mark.skip(
    reason="the same on both stacks: runs on the main one"
)
_OF_PROCESSES = ("run_module(", "subprocess.", "executed(")
_RUN_FIXTURES = {"tiny_run", "run_dir", "finished", "trained", "begun"}


def pytest_collection_modifyitems(items):
    """Marks what starts processes; skips what one stack has shown."""
    for item in items:
        source = inspect.getsource(item.function)
        starts = any(word in source for word in _OF_PROCESSES)
        if starts or _RUN_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.process)
        if item.get_closest_marker("one_stack") and not keras_compat.KERAS_3:
            item.add_marker(_ON_MAIN_ONLY)


@pytest.fixture
def shared():
    """The folder of real images beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs real images in {SHARED.name}/ beside the checkout")
    return SHARED


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def run_here(capsys):
    """As `run_module`, in this process: seconds quicker."""

    def run(module, *arguments, **options):
        verb = importlib.import_module(f"wn_gan.{module}.__main__")
        argv = [module, *as_flags(options), *map(str, arguments)]
        status = cli.run_verb(verb.__doc__, verb.KINDS, verb.main, argv)
        told = capsys.readouterr()
        return subprocess.CompletedProcess(argv, status, told.out, told.err)

    return run


@pytest.fixture
def refused(run_here):
    """Runs a verb here, which must refuse its flags; returns its message."""

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


@pytest.fixture(scope="module")
def served_model(tmp_path_factory):
    """The path of an exported version, and what it serves."""
    gan = build_gan(Config(**TINY), (8, 8, 3))
    served = ServedGenerator(gan.generator, evaluations=5)
    model = tmp_path_factory.mktemp("served") / "faces" / "1"
    save(served, model)
    return model, served


@pytest.fixture(scope="module")
def server(served_model):
    """Addresses of a server of `faces`, and what it serves."""
    pytest.importorskip("tensorflow_serving")
    from helpers.serving_server import serving

    model, served = served_model
    with serving("faces", model) as addresses:
        yield addresses, served

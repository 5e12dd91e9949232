"""Disks that are full, folders that cannot be written, damaged files."""

import json
import os
import resource
import shutil
import subprocess
import sys

import pytest
from helpers.commands import TINY, as_flags, run_module

from wn_gan.runs import checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics

REPRODUCIBLE = TINY | {"deterministic": True}
LONGER = REPRODUCIBLE | {"train_steps": 30}


def weights(folder):
    return json.loads(folder.final.read_text())["weights_sha256"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run of 20 steps."""
    folder = RunFolder(tmp_path_factory.mktemp("disk") / "begun")
    result = run_module("train", run_dir=folder.path, **REPRODUCIBLE)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def whole(begun):
    """The same run, gone on to 30 steps."""
    return continued(begun, begun.path.with_name("whole"))


def copy(begun, path):
    shutil.copytree(begun.path, path)
    return RunFolder(path)


def continued(begun, path):
    folder = copy(begun, path)
    result = run_module("train", run_dir=path, **LONGER)
    assert result.returncode == 0, result.stderr
    return folder


def limited(folder, size, **options):
    """Goes on where no file may become larger than `size` bytes."""
    flags = LONGER | options | {"run_dir": folder.path}
    return subprocess.run(
        [sys.executable, "-m", "wn_gan.train"] + as_flags(flags),
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (size, size)
        ),
    )


def only_line(result):
    """What the command says at its end."""
    assert "Traceback" not in result.stderr, result.stderr
    lines = result.stderr.splitlines()
    (told,) = [x for x in lines if x.startswith("error: ")]
    return told


FULL = {  # bytes -> the file that has no room
    40_000: "checkpoints/",  # one takes 79,000; written after step 25
    100_000: "samples/step_00000030.png",
    300_000: "full/events.out",  # two grids take 380,000, a PNG 266,000
}
SOON = {
    40_000: {"checkpoint_every_steps": 5},
    300_000: {"sample_every_steps": 5},
}


def test_a_full_disk_loses_nothing(begun, whole, tmp_path):
    """One line names the file; the checkpoint is good; the run goes on."""
    folder = copy(begun, tmp_path / "full")
    last = folder.checkpoints / "last.npz"
    for size, named in FULL.items():
        result = limited(folder, size, **SOON.get(size, {}))
        assert result.returncode == 1, result.stderr
        told = only_line(result)
        assert named in told and told.endswith("File too large")
        assert checkpoints.read(last)[1]["step"] == 20
        assert not list(folder.path.rglob("*.partial*"))
    result = run_module("train", run_dir=folder.path, **LONGER)
    assert result.returncode == 0, result.stderr
    assert weights(folder) == weights(whole)
    steps = [record["step"] for record in read_metrics(folder.metrics)]
    assert steps == [5, 10, 15, 20, 25, 30]


def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    begun, whole, tmp_path
):
    folder = copy(begun, tmp_path / "damaged")
    last = folder.checkpoints / "last.npz"
    os.truncate(last, 1000)
    result = run_module("train", run_dir=folder.path, **LONGER)
    assert result.returncode == 0, result.stderr
    assert f"{last}: cannot be read as a checkpoint" in result.stdout
    assert "step 10 restored" in result.stdout
    assert weights(folder) == weights(whole)


def test_a_file_where_the_checkpoints_should_be(begun, tmp_path):
    """As a folder that is read-only, which root may write all the same."""
    folder = copy(begun, tmp_path / "file")
    shutil.rmtree(folder.checkpoints)
    folder.checkpoints.write_text("not a folder")
    result = run_module("train", run_dir=folder.path, **LONGER)
    assert result.returncode in (1, 2)
    assert str(folder.checkpoints) in only_line(result)


@pytest.fixture
def read_only(begun, tmp_path):
    """The run's folder, mounted so that nobody may write."""
    mounted = tmp_path / "read_only"
    mounted.mkdir()
    command = ["mount", "--bind", "-o", "ro", begun.path, mounted]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if result.returncode:
        pytest.skip(f"mounting is not allowed here: {result.stderr.strip()}")
    yield RunFolder(mounted)
    subprocess.run(["umount", mounted], check=True)


def test_a_folder_that_is_read_only(read_only):
    result = run_module("train", run_dir=read_only.path, **LONGER)
    assert result.returncode == 2
    assert only_line(result) == (
        f"error: --run_dir={read_only.path}: cannot be written: Read-only "
        "file system"
    )
    _, metadata = checkpoints.read(read_only.checkpoints / "last.npz")
    assert metadata["step"] == 20


def test_a_test_of_a_run_that_is_read_only(read_only, tmp_path, run_here):
    """Its own folder can't take the results; another folder can."""
    flags = {"run_dir": read_only.path, "evaluations": 1, "controls": "false"}
    result = run_here("evaluate", **flags)
    assert result.returncode == 2
    assert only_line(result) == (
        f"error: --run_dir={read_only.path}: cannot be written: Read-only "
        "file system"
    )
    result = run_here("evaluate", **flags, output=tmp_path / "elsewhere")
    assert result.returncode == 0, result.stderr

"""What a stranger sees: help, dry runs, one clear line for bad input."""

import io
import os
import re
import shutil
import subprocess
import sys

import pytest
from helpers.commands import TINY, as_flags, run_module
from rich.console import Console
from rich.text import Text

from wn_gan import progress
from wn_gan.__main__ import VERBS

pytestmark = pytest.mark.one_stack

TINY_FLAGS = as_flags(TINY)


def test_help_lists_every_flag():
    from wn_gan.config import Config

    result = run_module("train", "--help")
    assert result.returncode == 0
    for name in vars(Config()):
        assert f"\n  --{name}" in result.stdout
    assert "--batch_size=32\n" in result.stdout


def test_dry_run_tells_and_writes_nothing(tmp_path):
    run_dir = tmp_path / "run"
    result = run_module("train", "--dry_run", run_dir=run_dir, **TINY)
    assert result.returncode == 0, result.stderr
    for text in (
        "--features=4",
        "generator: 4,862 parameters",
        "train images: 8,994",
        "images/s",
    ):
        assert text in result.stdout
    assert not run_dir.exists()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 0}, "--batch_size=0: must be at least 1"),
        ({"dataset": "fases"}, "--dataset=fases: must be one of faces"),
        ({"image_width": 31, "image_height": 32}, "--image_width=31"),
        ({"running_test_images": 9001}, "--running_test_images=9001"),
        ({"levels": 9}, "--levels=9"),
        (
            {"allow_change": "sed"},
            "--allow_change=sed: no option has this name",
        ),
        ({"bach_size": 3}, "--bach_size: unknown flag"),
    ],
)
def test_bad_input_is_one_line(tmp_path, refused, options, message):
    run_dir = tmp_path / "run"
    told = refused("train", **TINY | {"run_dir": run_dir} | options)
    assert message in told
    assert not run_dir.exists()


def test_a_run_dir_is_asked_for():
    result = run_module("train", **TINY)
    assert result.returncode == 2
    assert "error: --run_dir: missing" in result.stderr


def test_a_file_where_the_folder_should_be(tmp_path, refused):
    (tmp_path / "file").write_text("")
    told = refused("train", run_dir=tmp_path / "file" / "run", **TINY)
    assert "cannot be written" in told


def wn_gan(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "wn_gan", *arguments],
        capture_output=True,
        text=True,
    )


def test_the_package_lists_its_verbs():
    for arguments in ((), ("--help",)):
        result = wn_gan(*arguments)
        assert result.returncode == 0
        for verb in VERBS:
            assert f"\n{verb} " in result.stdout


def test_a_verb_by_its_name():
    result = wn_gan("sample", "--help")
    assert result.returncode == 0 and "--interpolate" in result.stdout
    result = wn_gan("sample", "--num_images=0", "--run_dir=x", "--output=y")
    assert result.returncode == 2
    assert result.stderr == "error: --num_images=0: must be at least 1\n"


def test_an_unknown_verb():
    result = wn_gan("sampel")
    assert result.returncode == 2
    assert result.stderr.startswith("error: sampel: no such verb; try sample")
    assert result.stderr.count("\n") == 1


def live_line(width, monkeypatch):
    """What a terminal of some width shows of a long line."""
    shown = io.StringIO()
    console = Console(file=shown, width=width, force_terminal=True)
    monkeypatch.setattr(progress, "make_console", lambda shown=True: console)
    with progress.Progress(100_000, "step", done=51_000) as bar:
        bar.report(52_000, "1234 images/s  d_loss 1.234  g_loss 0.987  best")
    lines = Text.from_ansi(shown.getvalue()).plain.splitlines()
    return [line.rstrip() for line in lines if line.strip()][-1]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_live_line_fits(monkeypatch, width):
    line = live_line(width, monkeypatch)
    assert len(line) <= width
    assert line.startswith("step 52,000/100,000  52%  ") and " left  " in line
    assert line.endswith("best" if width == 120 else "…")


def test_the_help_is_in_groups():
    result = run_module("train", "--help")
    titles = re.findall(r"^(\w[\w ]*):$", result.stdout, re.M)
    assert titles == [
        "First",
        "Data",
        "Networks",
        "Training",
        "Devices",
        "Failures",
        "Output",
        "Resuming",
    ]
    assert "--run_dir  (required)" in result.stdout
    assert "--keep_every_steps=off" in result.stdout
    for verb in ("prepare", "study"):
        told = run_module(verb, "--help").stdout
        assert "All flags of wn_gan.train are taken too" in told
        assert "--g_learning_rate" not in told


@pytest.mark.parametrize(
    "verb, flags, hint",
    [
        ("train", {"norm": "wn"}, "did you mean weight?"),
        ("train", {"norm": "Batch"}, "did you mean batch?"),
        ("train", {"g_norm": "sn"}, "did you mean spectral?"),
        ("train", {"dataset": "CIFAR10"}, "did you mean cifar10?"),
        ("train", {"dataset": "lsun"}, "did you mean lsun/bedroom?"),
        ("train", {"dataset": "/no/photos"}, "did you mean folder:/no/photos?"),
        ("train", {"dataset": "~/photos.zip"}, "did you mean zip:/"),
        ("study", {"norms": "none,bn"}, "did you mean batch?"),
    ],
)
def test_a_word_that_was_nearly_right(tmp_path, refused, verb, flags, hint):
    folder = {"train": "run_dir", "study": "study_dir"}[verb]
    flags = TINY | {folder: tmp_path / "new"} | flags
    flags = {k: v for k, v in flags.items() if k != "dataset" or v != "faces"}
    assert hint in refused(verb, **flags)


def test_home_is_expanded(tmp_path, monkeypatch, refused):
    monkeypatch.setenv("HOME", str(tmp_path))
    told = refused("train", run_dir="~/run", dataset="folder:~/photos")
    assert f"{tmp_path}/photos" in told


def test_a_value_that_nobody_gave_is_named_as_the_default(tmp_path, refused):
    flags = {"study_dir": tmp_path, "tune": "loss=hinge|wasserstein"}
    told = refused("study", seeds=100, **flags)
    assert "--tune_seeds=100,101: 100 is one of --seeds too" in told
    assert "(the value is the default: give --tune_seeds another)" in told
    assert "default" not in refused("study", seeds=7, tune_seeds=7, **flags)
    told = refused("study", vary="loss=a|b", study_dir=tmp_path)
    assert "--loss=a: must be one of" in told and "default" not in told


def test_tensorflow_says_nothing_at_its_start(tmp_path):
    """In a process of its own, as a user starts it."""
    environment = {k: v for k, v in os.environ.items() if k[:3] != "TF_"}
    result = subprocess.run(
        [sys.executable, "-m", "wn_gan", "train", "--dry_run", *TINY_FLAGS],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert result.returncode == 0 and "images/s" in result.stdout
    assert result.stderr == ""


def test_an_error_during_the_import_is_shown(tmp_path):
    """The noise alone is dropped: of a failing import nothing is."""
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'a CUDA line\\n')\nraise ImportError('no')"
    )
    result = subprocess.run(
        [sys.executable, "-m", "wn_gan", "train", "--dry_run", *TINY_FLAGS],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert result.returncode != 0
    assert "a CUDA line" in result.stderr and "no" in result.stderr


def test_the_list_of_runs(tiny_run, tmp_path, run_here, refused):
    told = run_here("runs", tiny_run.parent).stdout
    (row,) = (line for line in told.splitlines() if "faces" in line)
    for cell in ("run", "weight", "trained", "20"):
        assert f" {cell} " in row
    assert "holds no run" in refused("runs", str(tmp_path))
    copy = tmp_path / "study" / "bundle" / "run"
    shutil.copytree(tiny_run, copy)
    assert "holds no run" in refused("runs", str(tmp_path))
    assert "is not a folder" in refused("runs", str(tmp_path / "nowhere"))
    assert "name one folder" in refused("runs", "a", "b")

"""What a stranger sees: help, dry runs, one clear line for bad input."""

import subprocess
import sys

import pytest
from helpers.commands import TINY, run_module

from wn_gan.__main__ import VERBS


def test_help_lists_every_flag():
    from wn_gan.config import Config

    result = run_module("train", "--help")
    assert result.returncode == 0
    for name in vars(Config()):
        assert f"--{name}:" in result.stdout or f"{name}:" in result.stdout
    assert "(default: '32')" in result.stdout


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

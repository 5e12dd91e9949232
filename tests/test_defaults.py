"""Defaults that fit the data, and what is refused before anything begins."""

import json
import shutil
import time

import numpy as np
import pytest
from helpers.commands import TINY, run_module

from wn_gan.config import Config
from wn_gan.data import ImageSet, array_images, make_split
from wn_gan.data.sources import tfds_source
from wn_gan.gan.memory import estimated_bytes
from wn_gan.images import save_png
from wn_gan.runs.folder import RunFolder

pytestmark = pytest.mark.one_stack

FREE = {
    k: v
    for k, v in TINY.items()
    if k not in ("running_test_images", "final_test_images", "dataset")
}


def photos(folder, count, random):
    """Image files of 8x8 pixels."""
    for i in range(count):
        pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
        save_png(pixels, folder / f"{i:03}.png")
    return f"folder:{folder}"


@pytest.mark.parametrize(
    "count, running, final",
    [
        (3, 1, 1),
        (40, 4, 4),
        (330, 33, 33),
        (9000, 200, 900),
        (30000, 200, 1000),
    ],
)
def test_the_tests_take_a_share_of_the_data(count, running, final):
    images = array_images(np.zeros((count, 2, 2, 3), np.uint8))
    images = ImageSet("x", images, None, None)
    split = make_split(images, None, None, seed=0)
    assert (len(split.running_test), len(split.final_test)) == (running, final)
    assert len(split.train) == count - running - final


def test_three_images_train(tmp_path, random, run_here):
    dataset = photos(tmp_path / "photos", 3, random)
    flags = FREE | {"dataset": dataset, "run_dir": tmp_path / "run"}
    result = run_here("train", **flags | {"batch_size": 1})
    assert result.returncode == 0, result.stderr
    line = "1 training images, 1 for the running test, 1 for the final test"
    assert line in result.stdout
    for next_step in ("pictures: ", "curves: tensorboard", "next: python -m"):
        assert next_step in result.stdout


def test_a_set_that_cannot_be_split_is_inspected(tmp_path, random, run_here):
    dataset = photos(tmp_path / "photos", 3, random)
    sheet = tmp_path / "sheet.png"
    result = run_here(
        "prepare",
        "--inspect",
        dataset=dataset,
        running_test_images=50,
        contact_sheet=sheet,
    )
    assert result.returncode == 0, result.stderr
    assert "cannot be split: --running_test_images=50" in result.stdout
    assert sheet.exists()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 9000}, "--batch_size=9000: faces has 8,"),
        (
            {"batch_size": 8000, "features": 256},
            "--batch_size=8000: a step on images of 32x32 would need about ",
        ),
        (
            {"image_width": 4096, "image_height": 4096, "features": 64},
            "--features=64: a step on images of 4096x4096 would need about ",
        ),
    ],
)
@pytest.mark.parametrize("preview", [False, True])
def test_what_cannot_fit_is_refused(
    tmp_path, refused, options, message, preview
):
    flags = FREE | {"dataset": "faces", "run_dir": tmp_path / "run"} | options
    assert message in refused("train", **flags, dry_run=preview)
    assert not (tmp_path / "run").exists()


def test_the_estimate_is_near_what_was_measured():
    """Peak memory of runs on a CPU, data included, in MiB."""
    faces = Config(features=(16,), batch_size=32)
    cifar10 = Config(dataset="cifar10", features=(32,), batch_size=64)
    for config, measured in ((faces, 705), (cifar10, 1115)):
        estimate = estimated_bytes(config, (32, 32, 3)) / 2**20
        assert measured / 2 < estimate < measured * 2


def test_without_a_network_it_ends_soon(tmp_path, refused, monkeypatch):
    def nobody(host, port):
        time.sleep(0.1)
        raise OSError("Name or service not known")

    monkeypatch.setattr(tfds_source.socket, "getaddrinfo", nobody)
    begin = time.monotonic()
    flags = FREE | {"dataset": "cifar10", "data_dir": tmp_path / "data"}
    told = refused("train", run_dir=tmp_path / "run", **flags)
    assert time.monotonic() - begin < 10
    assert "is unknown here (no network?)" in told
    assert "cifar-10-binary.tar.gz" in told
    assert not (tmp_path / "run").exists()


def test_a_preview_downloads_nothing(tmp_path, refused):
    flags = FREE | {"dataset": "cifar10", "data_dir": tmp_path / "data"}
    told = refused("train", dry_run=True, **flags)
    assert "nothing is downloaded for this" in told
    assert not (tmp_path / "data").exists()


def test_data_that_have_moved_are_the_same_data(tmp_path, random, run_here):
    """Resuming under the new path, and evaluating with --data_dir."""
    dataset = photos(tmp_path / "old", 20, random)
    flags = FREE | {"run_dir": tmp_path / "run", "batch_size": 4}
    assert run_here("train", dataset=dataset, **flags).returncode == 0
    shutil.move(tmp_path / "old", tmp_path / "new")
    evaluate = {"run_dir": tmp_path / "run", "evaluations": 2}
    told = run_here("evaluate", data_dir=tmp_path / "new", **evaluate)
    assert told.returncode == 0, told.stderr
    moved = f"folder:{tmp_path / 'new'}"
    more = flags | {"train_steps": TINY["train_steps"] + 5}
    told = run_here("train", dataset=moved, **more)
    assert told.returncode == 0, told.stderr
    run = RunFolder(tmp_path / "run")
    assert json.loads(run.final.read_text())["step"] == more["train_steps"]
    assert run.read_config().dataset == moved


def test_other_data_under_another_name_are_refused(
    tmp_path, random, run_here, refused
):
    flags = FREE | {"run_dir": tmp_path / "run", "batch_size": 4}
    dataset = photos(tmp_path / "old", 20, random)
    assert run_here("train", dataset=dataset, **flags).returncode == 0
    other = photos(tmp_path / "other", 21, random)
    told = refused("train", dataset=other, **flags)
    assert "the images are not those that the run" in told


def test_allow_change_takes_no_shape(tmp_path, refused):
    told = refused("train", run_dir=tmp_path / "run", allow_change="norm")
    assert "--allow_change=norm: no run can change it" in told


@pytest.mark.parametrize("name", ["celeba", "lsun"])
def test_the_papers_flag_files_need_no_more_than_the_data(
    shared, tmp_path, monkeypatch, name
):
    """On the small stand-ins for the official files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = run_module(
        "train",
        flagfile=f"flags/{name}_wn.cfg",
        data_dir=shared / "data" / name,
        run_dir=tmp_path / "run",
        features=8,
        dry_run=True,
    )
    assert result.returncode == 0, result.stderr
    assert "MiB of memory, without the images" in result.stdout

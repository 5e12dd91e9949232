"""Preparing and inspecting data, as a user does."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from helpers.commands import ROOT, TINY, run_module
from numpy.testing import assert_array_equal
from PIL import Image

from wn_gan.config import Config
from wn_gan.data import load_images
from wn_gan.errors import UserError
from wn_gan.prepare import prepare_images
from wn_gan.prepare.prepare_images import prepare


@pytest.fixture
def photos(tmp_path, random):
    """Sixty images of two sizes, one of them broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(60):
        size = (20, 30, 3) if i % 2 else (28, 24, 3)
        pixels = random.integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:03}.png")
    (folder / "013.png").write_bytes(b"no image")
    return folder


OPTIONS = {"image_width": 16, "image_height": 12}


def test_prepared_images_are_those_read_directly(photos, tmp_path, monkeypatch):
    # The survey would leave the broken one out; in a big set it does not.
    monkeypatch.setattr("wn_gan.data.loading.SURVEYED_IMAGES", 4)
    direct = load_images(f"folder:{photos}", **OPTIONS)
    manifest = prepare(direct, tmp_path / "ready")
    assert manifest.done == {"train": 60}
    assert manifest.corrupt == {"train": {13: "not an image"}}
    ready = load_images(
        f"folder:{photos}", prepared_dir=str(tmp_path / "ready"), **OPTIONS
    )
    for position in range(60):
        if position != 13:
            assert_array_equal(
                ready.train.read(position), direct.train.read(position)
            )
    assert ready.train.sha256() == direct.train.sha256()
    for images in (ready, direct):
        with pytest.raises(prepare_images.CorruptImage, match="not an image"):
            images.train.read(13)


def test_preparing_goes_on_where_it_was_killed(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare_images, "CHUNK", 8)
    images = load_images(f"folder:{photos}", **OPTIONS)
    seen = []

    def dies(count):
        seen.append(count)
        if sum(seen) == 21:
            raise KeyboardInterrupt

    folder = tmp_path / "ready"
    with pytest.raises(KeyboardInterrupt):
        prepare(images, folder, dies)
    with pytest.raises(UserError, match="16 of 59 train images are prepared"):
        load_images(f"folder:{photos}", prepared_dir=str(folder), **OPTIONS)
    # A torn tail, as a kill leaves it.
    with open(folder / "train.uint8", "ab") as file:
        file.write(b"torn")
    seen.clear()
    prepare(images, folder, seen.append)
    assert seen[0] == 16 and sum(seen) == 59
    ready = load_images(f"folder:{photos}", prepared_dir=str(folder), **OPTIONS)
    assert_array_equal(ready.train[:], images.train[:])


def test_stale_and_foreign_folders_are_refused(photos, tmp_path):
    folder = tmp_path / "ready"
    name = f"folder:{photos}"
    prepare(load_images(name, **OPTIONS), folder)
    other = OPTIONS | {"image_width": 18}
    with pytest.raises(UserError, match="stale.*width=16"):
        load_images(name, prepared_dir=str(folder), **other)
    with pytest.raises(UserError, match="prepared from other .*folder:"):
        prepare(load_images(name, **other), folder)
    Image.new("RGB", (40, 30)).save(photos / "new.png")
    with pytest.raises(UserError, match="stale"):
        load_images(name, prepared_dir=str(folder), **OPTIONS)
    with pytest.raises(UserError, match="holds other files"):
        prepare(load_images(name, **OPTIONS), photos)
    with pytest.raises(UserError, match="holds no images yet"):
        load_images(name, prepared_dir=str(tmp_path / "none"), **OPTIONS)
    with pytest.raises(UserError, match="held in memory"):
        prepare(load_images("faces"), tmp_path / "faces")


def test_random_crops_need_the_images_themselves():
    with pytest.raises(UserError, match="--random_crop=True: needs"):
        Config(random_crop=True, prepared_dir="x")


def test_inspect_shows_what_is_there(photos, tmp_path):
    sheet = tmp_path / "sheet.png"
    options = {
        "dataset": f"folder:{photos}",
        "image_width": 16,
        "image_height": 12,
        "running_test_images": 5,
        "final_test_images": 7,
        "contact_sheet": sheet,
    }
    result = run_module("prepare", "--inspect", **options)
    assert result.returncode == 0, result.stderr
    for line in (
        "train: 59 images",
        "sizes: 24x28 (30), 30x20 (29)",
        "RGB (59)",
        "left out: 1",
        "013.png: not an image",
        "for training: 16x12, 3 channels",
        "train: 47",
        "running_test: 5 (from train)",
        "final_test: 7 (from train)",
    ):
        assert line in result.stdout
    # 47 training images, seven a row, a white pixel between them, enlarged
    # six times, and a caption.
    with Image.open(sheet) as picture:
        assert picture.size == (6 * (7 * 17 - 1), 6 * (7 * 13 - 1) + 16)


def test_a_run_from_prepared_images_is_the_same_run(photos, tmp_path):
    options = TINY | {
        "dataset": f"folder:{photos}",
        "image_width": 16,
        "image_height": 16,
        "horizontal_flip": "true",
        "log_every_steps": 10,
    }
    ready = tmp_path / "ready"
    for _ in range(2):
        made = run_module("prepare", prepared_dir=ready, **options)
        assert made.returncode == 0, made.stderr
        assert f"{ready}: 59 images" in made.stdout
    finals = []
    for name, more in (("direct", {}), ("cached", {"prepared_dir": ready})):
        run = tmp_path / name
        result = run_module("train", run_dir=run, **(options | more))
        assert result.returncode == 0, result.stderr
        assert "013.png: not an image" in result.stdout
        finals.append(json.loads((run / "final.json").read_text()))
        lines = (run / "metrics.jsonl").read_text().splitlines()
        waits = [json.loads(line)["data_wait_fraction"] for line in lines]
        assert len(waits) == 2 and all(0 <= wait < 1 for wait in waits)
    assert finals[0]["weights_sha256"] == finals[1]["weights_sha256"]


def test_a_big_lmdb_is_not_held_in_memory():
    """The benchmark, short: 200,000 images in under 40 MiB, twice."""
    result = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "big_lmdb.py", "--count=200000"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    found = re.findall(
        r"([\d,]+) training.*own memory (\d+) MiB", result.stdout
    )
    assert [count for count, _ in found] == ["198,800"] * 2
    # TensorFlow's own start of a pipeline takes about 20 of them.
    assert all(int(mib) < 40 for _, mib in found), result.stdout


def test_memory_does_not_grow(photos, tmp_path):
    """From step 500 to 2,000, read directly, with tests and checkpoints."""
    options = TINY | {
        "dataset": f"folder:{photos}",
        "image_width": 16,
        "image_height": 16,
        "train_steps": 2000,
        "log_every_steps": 250,
        "test_every_steps": 250,
        "sample_every_steps": 250,
        "checkpoint_every_steps": 250,
    }
    run = tmp_path / "run"
    result = run_module("train", run_dir=run, **options)
    assert result.returncode == 0, result.stderr
    lines = (run / "metrics.jsonl").read_text().splitlines()
    memory = {
        line["step"]: line["memory_mib"] for line in map(json.loads, lines)
    }
    print(memory)
    assert memory[2000] - memory[500] < 50


def test_images_that_fail_late_are_named_or_stop_the_run(tmp_path, random):
    """Those that the survey's 500 do not meet: first three, then all."""
    photos = tmp_path / "photos"
    photos.mkdir()
    surveyed = set(np.linspace(0, 999, 500).astype(int).tolist())
    for i in range(1000):
        pixels = random.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{i:03}.png")
    unseen = [i for i in range(1000) if i not in surveyed]
    options = TINY | {"dataset": f"folder:{photos}", "train_steps": 200}
    for name, bad in (("few", unseen[:3]), ("many", unseen)):
        for i in bad:
            (photos / f"{i:03}.png").write_bytes(b"no image")
        result = run_module("train", run_dir=tmp_path / name, **options)
        if name == "few":
            assert result.returncode == 0, result.stderr
            assert result.stdout.count("not an image") == len(bad)
        else:
            assert result.returncode == 2
            assert "images cannot be read, more than 5%" in result.stderr
            assert "Traceback" not in result.stderr

"""Embedded faces, TFDS, folders and zip archives; unknown names."""

import io

import numpy as np
import pytest
from helpers.image_files import png, write_zip
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from wn_gan.data import load_images
from wn_gan.data.sources.tfrecords import TfrecordFiles
from wn_gan.errors import UserError


@pytest.fixture
def folder(tmp_path, random):
    """Five colour images of 10x8, one of them nested."""
    for i in range(5):
        path = tmp_path / ("deep/er" if i == 3 else ".") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (8, 10, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path


def test_embedded_faces():
    faces = load_images("faces")
    assert faces.train.shape == (9000, 32, 32, 3)
    assert faces.test.shape == (1000, 32, 32, 3)
    # Drawn at 16x16: every pixel stands for two by two.
    first = faces.train[:100]
    assert_array_equal(first[:, ::2, ::2], first[:, 1::2, 1::2])
    assert 100 < first.mean() < 200


def test_embedded_faces_are_the_originals(shared):
    with np.load(shared / "data" / "pixelart_faces32.npz") as original:
        faces = load_images("faces")
        assert_array_equal(faces.train[:], original["x_train"])
        assert_array_equal(faces.test[:], original["x_test"])


def test_tfds(shared):
    data_dir = str(shared / "tensorflow_datasets")
    cifar = load_images("tfds:cifar10", data_dir=data_dir)
    assert cifar.train.shape == (50_000, 32, 32, 3)
    assert cifar.test.shape == (2000, 32, 32, 3)
    assert cifar.train[:2].dtype == np.uint8


def test_folder(folder):
    images = load_images(f"folder:{folder}")
    assert images.train.shape == (5, 8, 10, 3)
    first = np.asarray(Image.open(folder / "0.png"))
    assert_array_equal(images.train[:1][0], first)
    assert images.test is None and images.skipped == ()


def test_folder_is_cropped_and_resized(folder):
    images = load_images(f"folder:{folder}", image_width=4, image_height=4)
    assert images.train.shape == (5, 4, 4, 3)
    # The center 8x8 of the first image, averaged down.
    whole = np.asarray(Image.open(folder / "0.png"))[:, 1:9]
    assert_allclose(images.train[:1].mean(), whole.mean(), atol=4)


def test_gray_images_keep_one_channel(tmp_path, random):
    pixels = random.integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    images = load_images(f"folder:{tmp_path}")
    assert_array_equal(images.train[:][0, ..., 0], pixels)


def test_corrupt_images_are_named_and_skipped(folder):
    for i in range(40):
        Image.new("RGB", (10, 8), (i, 0, 0)).save(folder / f"more{i:02}.png")
    (folder / "bad.jpg").write_bytes(b"not an image")
    whole = (folder / "1.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    images = load_images(f"folder:{folder}")
    assert len(images.train) == 45
    assert len(images.skipped) == 2
    assert "bad.jpg: not an image" in images.skipped[0]
    assert "cut.png: " in images.skipped[1]


def test_too_many_corrupt_images_stop_the_run(folder):
    (folder / "bad.jpg").write_bytes(b"not an image")
    with pytest.raises(UserError, match=r"1 of 6 images.*more than 5%.*bad"):
        load_images(f"folder:{folder}")


def test_sizes_that_differ_ask_for_one(folder):
    Image.new("RGB", (12, 8)).save(folder / "wide.png")
    with pytest.raises(UserError, match="2 sizes.*give --image_width"):
        load_images(f"folder:{folder}")
    resized = load_images(f"folder:{folder}", image_width=8, image_height=8)
    assert resized.train.shape == (6, 8, 8, 3)


@pytest.mark.parametrize(
    "dataset, message",
    [
        ("fases", "did you mean faces"),
        ("folder:/no/such/folder", "no such folder"),
        ("folder:", "must be one of faces, celeba, .*tfds:<name>"),
        ("zip:/no/such.zip", "no such file"),
        ("npz:/no/such.npz", "cannot be read"),
        ("tfds:cifar11", "the nearest are cifar10"),
    ],
)
def test_unknown_data_are_refused(dataset, message):
    with pytest.raises(UserError, match=message):
        load_images(dataset)


def test_an_unknown_colour_is_refused():
    with pytest.raises(UserError, match="--background=whit: is no CSS"):
        load_images("faces", background="whit")


def test_empty_and_odd_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="no images in it"):
        load_images(f"folder:{tmp_path}")
    Image.new("RGB", (7, 8)).save(tmp_path / "odd.png")
    with pytest.raises(UserError, match="7x8 have an odd side"):
        load_images(f"folder:{tmp_path}")


def test_a_link_to_nowhere_is_left_out(tmp_path):
    for i in range(40):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{i}.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    images = load_images(f"folder:{tmp_path}")
    (skipped,) = images.skipped
    assert "gone.png: No such file" in skipped
    assert len(images.train) == 40 and len(images.train.sha256()) == 64


# Zip archives


def test_a_zip_gives_what_the_folder_gives(folder, tmp_path):
    entries = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.png")
    }
    path = write_zip(tmp_path / "all.zip", entries)
    zipped = load_images(f"zip:{path}")
    assert_array_equal(
        zipped.train[:], load_images(f"folder:{folder}").train[:]
    )


def test_hostile_and_hidden_zip_entries_are_left_out(tmp_path, random):
    good = png(random.integers(0, 256, (4, 4, 3), np.uint8))
    entries = {
        "a.png": good,
        "../../escape.png": good,
        "/etc/absolute.png": good,
        "c:\\windows.png": good,
        "__MACOSX/._a.png": b"resource fork",
        "notes.txt": b"no image",
    }
    inside = tmp_path / "in"
    inside.mkdir()
    path = write_zip(inside / "all.zip", entries)
    images = load_images(f"zip:{path}")
    assert len(images.train) == 1
    assert len(images.skipped) == 3
    assert all("leads out of the archive" in line for line in images.skipped)
    assert list(tmp_path.rglob("*.png")) == []


def test_damaged_zips_are_refused(tmp_path):
    path = tmp_path / "bad.zip"
    path.write_bytes(b"PK no archive")
    with pytest.raises(UserError, match="bad.zip is no zip archive"):
        load_images(f"zip:{path}")
    with pytest.raises(UserError, match="no images in"):
        load_images(f"zip:{write_zip(path, {'readme.txt': b''})}")


def test_a_damaged_zip_entry_is_named(tmp_path, random):
    entries = {
        f"{i:02}.png": png(random.integers(0, 256, (16, 16, 3), np.uint8))
        for i in range(40)
    }
    path = write_zip(tmp_path / "all.zip", entries)
    content = bytearray(path.read_bytes())
    content[content.index(b"07.png") + 200] ^= 0xFF
    path.write_bytes(content)
    images = load_images(f"zip:{path}")
    assert len(images.train) == 39
    assert "07.png" in images.skipped[0] and "CRC" in images.skipped[0]


def test_tfds_records_are_read_by_position(shared, tmp_path):
    """By their bytes and through TFDS itself: the same images."""
    data_dir = shared / "tensorflow_datasets"
    through_tfds = load_images("tfds:cifar10", data_dir=str(data_dir)).test
    (path,) = data_dir.glob("cifar10/*/cifar10-test.tfrecord*")
    files = TfrecordFiles("cifar10", [str(path)], 2000, "image", tmp_path)
    assert len(files) == 2000
    for position in (0, 1, 777, 1999):
        decoded = np.asarray(Image.open(io.BytesIO(files.data(position))))
        assert_array_equal(decoded, through_tfds[:][position])

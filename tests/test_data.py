"""Sources, splits and the order of the training images."""

import json

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from wn_gan.data import (
    ImageSet,
    load_images,
    make_split,
    training_batches,
)
from wn_gan.data.pipeline import epoch_positions
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


def numbered(train, test=None):
    """Images whose one pixel tells which they are."""

    def images(count, first=0):
        return np.arange(first, first + count, dtype=np.uint8).reshape(
            -1, 1, 1, 1
        )

    return ImageSet(
        "numbered", images(train), None if test is None else images(test, 100)
    )


# Sources


def test_embedded_faces():
    faces = load_images("faces")
    assert faces.train.shape == (9000, 32, 32, 3)
    assert faces.test.shape == (1000, 32, 32, 3)
    # Drawn at 16x16: every pixel stands for two by two.
    assert_array_equal(faces.train[:, ::2, ::2], faces.train[:, 1::2, 1::2])
    assert 100 < faces.train.mean() < 200


def test_embedded_faces_are_the_originals(shared):
    with np.load(shared / "data" / "pixelart_faces32.npz") as original:
        faces = load_images("faces")
        assert_array_equal(faces.train, original["x_train"])
        assert_array_equal(faces.test, original["x_test"])


def test_tfds(shared):
    data_dir = str(shared / "tensorflow_datasets")
    cifar = load_images("tfds:cifar10", data_dir)
    assert cifar.train.shape == (50_000, 32, 32, 3)
    assert cifar.test.shape == (2000, 32, 32, 3)
    assert cifar.train.dtype == np.uint8


def test_folder(folder):
    images = load_images(f"folder:{folder}")
    assert images.train.shape == (5, 8, 10, 3)
    first = np.asarray(Image.open(folder / "0.png"))
    assert_array_equal(images.train[0], first)
    assert images.test is None and images.skipped == ()


def test_folder_is_cropped_and_resized(folder):
    images = load_images(f"folder:{folder}", width=4, height=4)
    assert images.train.shape == (5, 4, 4, 3)
    # The center 8x8 of the first image, averaged down.
    whole = np.asarray(Image.open(folder / "0.png"))[:, 1:9]
    assert_allclose(images.train[0].mean(), whole.mean(), atol=4)


def test_gray_images_keep_one_channel(tmp_path, random):
    pixels = random.integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    images = load_images(f"folder:{tmp_path}")
    assert_array_equal(images.train[0, ..., 0], pixels)


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
    with pytest.raises(UserError, match=r"1 of 6 files.*more than 5%.*bad"):
        load_images(f"folder:{folder}")


def test_sizes_that_differ_ask_for_one(folder):
    Image.new("RGB", (12, 8)).save(folder / "wide.png")
    with pytest.raises(UserError, match="2 sizes.*give --image_width"):
        load_images(f"folder:{folder}")
    resized = load_images(f"folder:{folder}", width=8, height=8)
    assert resized.train.shape == (6, 8, 8, 3)


@pytest.mark.parametrize(
    "dataset, message",
    [
        ("fases", "the nearest are faces"),
        ("folder:/no/such/folder", "no such folder"),
        ("folder:", "must be one of faces, tfds:<name>, folder:<path>"),
        ("tfds:cifar11", "the nearest are cifar10"),
    ],
)
def test_unknown_data_are_refused(dataset, message):
    with pytest.raises(UserError, match=message):
        load_images(dataset)


def test_empty_and_odd_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="no images in it"):
        load_images(f"folder:{tmp_path}")
    Image.new("RGB", (7, 8)).save(tmp_path / "odd.png")
    with pytest.raises(UserError, match="7x8 have an odd side"):
        load_images(f"folder:{tmp_path}")


# Splits


@pytest.mark.parametrize("test", [None, 20])
def test_parts_are_disjoint_and_cover(test):
    split = make_split(numbered(50, test), 10, 15, seed=1)
    assert len(split.running_test) == 10 and len(split.final_test) == 15
    held = split.final_test if test is None else np.array([], int)
    positions = np.concatenate([split.train, split.running_test, held])
    assert_array_equal(np.sort(positions), np.arange(50))
    final = split.final_test_images.ravel()
    assert (final >= 100).all() == (test is not None)


def test_default_final_test():
    assert len(make_split(numbered(50), 5, None, 0).final_test) == 5
    assert len(make_split(numbered(50, 20), 5, None, 0).final_test) == 20


def test_the_seed_makes_the_split_and_the_hash_tells_the_content():
    images = numbered(50)
    first, same, other = (
        make_split(images, 10, 10, seed).description() for seed in (1, 1, 2)
    )
    assert first == same
    assert first["sha256"] != other["sha256"]
    assert first["running_test"] != other["running_test"]
    changed = images.train.copy()
    changed[first["final_test"][0]] += 100
    other = make_split(ImageSet("x", changed), 10, 10, 1).description()
    assert other["part_sha256"]["train"] == first["part_sha256"]["train"]
    assert other["sha256"] != first["sha256"]
    json.dumps(first)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ((60, 5), "--running_test_images=60: numbered has only 50"),
        ((10, 45), "--final_test_images=45: numbered has only 40"),
        ((25, 25), "none is left to train on"),
    ],
)
def test_a_split_larger_than_the_data_is_refused(sizes, message):
    with pytest.raises(UserError, match=message):
        make_split(numbered(50), *sizes, seed=0)


# Order


def batches(count, batch_size=4, start=0, images=10, seed=3):
    stored = numbered(20).train
    positions = np.arange(images) + 5
    stream = training_batches(stored, positions, batch_size, seed, start)
    return [np.rint(b * 255).ravel() for b in stream.take(count)]


def test_every_image_once_an_epoch():
    seen = np.concatenate(batches(15)).reshape(6, 10)
    assert_array_equal(np.sort(seen), np.arange(5, 15)[np.newaxis].repeat(6, 0))
    # Six equal permutations of ten by chance: never.
    assert len({tuple(epoch) for epoch in seen}) == 6


def test_a_restart_continues_exactly():
    assert_array_equal(batches(4, start=7), batches(11)[7:])


def test_seeds_give_other_orders():
    assert not np.array_equal(batches(5, seed=1), batches(5, seed=2))


@pytest.mark.parametrize("num_images", [300, 9000, 50_000])
def test_permutations_mix(num_images):
    """No trace of the stored order, the neighbour or the epoch before.

    The permutation with 4 rounds, TensorFlow's default, fails all three.
    """
    places = tf.range(2 * num_images, dtype=tf.int64)
    first, second = np.split(
        np.asarray(epoch_positions(places, num_images, seed=0)), 2
    )
    assert_array_equal(np.sort(first), np.arange(num_images))
    stored = np.arange(num_images)
    for one, other in (
        (first, stored),
        (first[1:], first[:-1]),
        (first, second),
    ):
        correlation = np.corrcoef(one, other)[0, 1]
        # Five standard errors of independent orders.
        assert abs(correlation) < 5 / np.sqrt(num_images)
    coarse = np.histogram2d(stored, first, bins=10)[0]
    expected = num_images / 100
    chi_square = ((coarse - expected) ** 2 / expected).sum()
    # 81 degrees of freedom: five standard deviations around their mean.
    assert abs(chi_square - 81) < 5 * np.sqrt(2 * 81)


def test_batches_are_images_in_the_unit_range():
    images = np.full((3, 2, 2, 3), 255, np.uint8)
    batch = next(iter(training_batches(images, np.arange(3), 2, 0)))
    assert batch.dtype == tf.float32 and batch.shape == (2, 2, 2, 3)
    assert_array_equal(batch, np.ones((2, 2, 2, 3)))

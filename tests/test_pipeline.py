"""The order of the training images, and what varies between epochs."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal

from wn_gan.data import (
    Augmentation,
    Feed,
    Images,
    Subset,
    array_images,
    training_batches,
)
from wn_gan.data.geometry import Geometry
from wn_gan.data.pictures import ArrayPictures
from wn_gan.data.pipeline import epoch_positions


def numbered(count):
    """Images whose one pixel tells which they are."""
    return array_images(np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1))


def batches(count, batch_size=4, start=0, images=10, seed=3):
    feed = Feed(Subset(numbered(20), np.arange(images) + 5))
    stream = training_batches(feed, batch_size, seed, start)
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
    feed = Feed(Subset(array_images(images), np.arange(3)))
    batch = next(iter(training_batches(feed, 2, 0)))
    assert batch.dtype == tf.float32 and batch.shape == (2, 2, 2, 3)
    assert_array_equal(batch, np.ones((2, 2, 2, 3)))


@pytest.mark.parametrize("num_shards", [2, 4])
def test_shards_are_the_pieces_of_each_batch(num_shards):
    feed = Feed(Subset(numbered(20), np.arange(20)))
    whole = [np.asarray(b) for b in training_batches(feed, 4, 3).take(7)]
    pieces = [
        list(
            training_batches(
                feed, 4, 3, shard=shard, num_shards=num_shards
            ).take(7)
        )
        for shard in range(num_shards)
    ]
    for step, batch in enumerate(whole):
        joined = np.concatenate([piece[step] for piece in pieces])
        assert_array_equal(joined, batch)
    with pytest.raises(ValueError, match="cannot be split into 3 equal pieces"):
        training_batches(feed, 4, 3, num_shards=3)


@pytest.fixture
def wide(random):
    """Forty images of 9x6, to be cut to 4x4."""
    pixels = random.integers(0, 256, (40, 6, 9, 3), np.uint8)
    geometry = Geometry(width=4, height=4, crop_size=4)
    return pixels, Subset(
        Images(ArrayPictures(pixels), geometry, 3), np.arange(40)
    )


def test_random_crops_are_pieces_of_the_image(wide):
    pixels, part = wide
    augmentation = Augmentation(seed=5, random_crop=True)
    corners = set()
    for place in range(300):
        cut = augmentation.read(part, 3, place)
        found = [
            (top, left)
            for top in range(3)
            for left in range(6)
            if (pixels[3, top : top + 4, left : left + 4] == cut).all()
        ]
        assert len(found) == 1
        corners.update(found)
    assert len(corners) == 18


def test_half_of_the_images_are_mirrored(wide):
    _, part = wide
    plain, flipping = Augmentation(5), Augmentation(5, horizontal_flip=True)
    straight = plain.read(part, 0, 0)
    shown = [flipping.read(part, 0, place) for place in range(200)]
    mirrored = sum((one == straight[:, ::-1]).all() for one in shown)
    assert sum((one == straight).all() for one in shown) == 200 - mirrored
    # Five standard deviations around a half.
    assert abs(mirrored - 100) < 36


def test_the_pipeline_gives_what_the_operation_alone_gives(wide):
    _, part = wide
    augmentation = Augmentation(7, random_crop=True, horizontal_flip=True)
    stream = training_batches(Feed(part, augmentation), 8, seed=7)
    for step, batch in enumerate(stream.take(12)):
        places = tf.range(step * 8, step * 8 + 8, dtype=tf.int64)
        order = np.asarray(epoch_positions(places, 40, seed=7))
        alone = [
            augmentation.read(part, k, place)
            for k, place in zip(order, places.numpy().tolist(), strict=True)
        ]
        assert_array_equal(batch, np.stack(alone).astype(np.float32) / 255)


def test_waiting_is_measured():
    feed = Feed(Subset(numbered(20), np.arange(20)))
    stream = iter(training_batches(feed, 4, 3))
    next(stream)
    feed._ready = {0: 10.0, 1: 12.5, 2: 12.0}
    assert feed.waited(0, 11.0) == 0
    assert feed.waited(1, 12.0) == 0.5
    assert feed._ready == {2: 12.0}

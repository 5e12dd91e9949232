"""Train, running test and final test; images that cannot be read."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from wn_gan.data import ImageSet, Subset, array_images, make_split
from wn_gan.data.decoding import CorruptImage
from wn_gan.errors import UserError


def numbered(train, test=None):
    """Images whose one pixel tells which they are."""

    def images(count, first=0):
        return array_images(
            np.arange(first, first + count, dtype=np.uint8).reshape(-1, 1, 1, 1)
        )

    return ImageSet(
        "numbered",
        images(train),
        test=None if test is None else images(test, 100),
    )


@pytest.mark.parametrize("test", [None, 20])
def test_parts_are_disjoint_and_cover(test):
    split = make_split(numbered(50, test), 10, 15, seed=1)
    assert len(split.running_test) == 10 and len(split.final_test) == 15
    parts = [split.train, split.running_test]
    parts += [split.final_test] if test is None else []
    positions = np.concatenate([part.positions for part in parts])
    assert_array_equal(np.sort(positions), np.arange(50))
    final = split.final_test[:].ravel()
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
    changed = images.train[:].copy()
    changed[first["final_test"][0]] += 100
    changed_set = ImageSet("x", array_images(changed))
    other = make_split(changed_set, 10, 10, 1).description()
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


def test_the_sources_own_validation_split_is_the_running_test():
    images = numbered(50, 20)
    split = make_split(
        ImageSet("x", images.train, images.test, images.test), 5, 5, seed=0
    )
    assert len(split.train) == 50
    assert (split.running_test[:] >= 100).all()
    told = split.description()["running_test_from"]
    assert told == "the source's validation split"


class Damaged:
    """Images of which some positions cannot be read."""

    array = None

    def __init__(self, count, bad):
        self.shape = (count, 1, 1, 1)
        self.bad = bad

    def read(self, position, place):
        if position in self.bad:
            raise CorruptImage("broken")
        return np.full(self.shape[1:], position, np.uint8)

    def name(self, position):
        return f"file {position}"


def test_the_next_image_stands_in_for_a_broken_one():
    part = Subset(Damaged(240, {7, 9}), np.arange(1, 201, 2))
    assert_array_equal(part[2:6].ravel(), [5, 11, 11, 11])
    assert part.skipped == {"file 7": "broken", "file 9": "broken"}
    # The last one's stand-in is the first.
    part = Subset(Damaged(100, {99}), np.arange(100))
    assert part[99:].ravel() == [0]


def test_too_many_broken_images_are_an_error():
    part = Subset(Damaged(400, set(range(0, 400, 10))), np.arange(400))
    with pytest.raises(UserError, match=r"more than 5%; the first is file 0"):
        part[:]

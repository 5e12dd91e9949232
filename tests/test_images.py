"""Ranges, grids and PNGs."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from wn_gan import images


def test_ranges_round_trip():
    every = np.arange(256, dtype=np.uint8)
    unit = images.to_unit(every)
    assert unit.dtype == np.float32 and unit[0] == 0 and unit[-1] == 1
    assert_array_equal(images.to_uint8(unit), every)


def test_out_of_range_is_clipped():
    assert_array_equal(images.to_uint8(np.array([-0.5, 1.5])), [0, 255])


def test_grid_by_hand():
    one, two, three = (np.full((1, 2, 1), v, np.uint8) for v in (1, 2, 3))
    found = images.grid(np.stack([one, two, three]), columns=2)[..., 0]
    expected = [[1, 1, 255, 2, 2], [255] * 5, [3, 3, 255, 255, 255]]
    assert_array_equal(found, expected)


@pytest.mark.parametrize("count", [3, 8, 11])
def test_pairs_stand_above_each_other(count):
    values = np.arange(1, count + 1, dtype=np.uint8).reshape(-1, 1, 1, 1)
    found = images.pairs_grid(values, values + 100)[::2, ::2, 0]
    assert found.shape == (2 * -(-count // 8), 8)
    top, bottom = found[::2].ravel()[:count], found[1::2].ravel()[:count]
    assert_array_equal(top, values.ravel())
    assert_array_equal(bottom, values.ravel() + 100)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip(tmp_path, random, channels):
    picture = random.integers(0, 256, (5, 4, channels), np.uint8)
    images.save_png(picture, tmp_path / "a" / "b.png")
    stored = np.asarray(Image.open(tmp_path / "a" / "b.png"))
    assert_array_equal(stored.reshape(picture.shape), picture)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.png"]

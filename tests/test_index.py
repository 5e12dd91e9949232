"""Indexes of big data sets: made once, checked, rebuilt when damaged."""

import errno
import json
import os

import numpy as np
import pytest
from helpers.image_files import png, webp, write_lmdb
from helpers.tfds_files import record_ends, write_tfds
from numpy.testing import assert_array_equal

from wn_gan.data import load_images
from wn_gan.data.sources.index import cached_index
from wn_gan.errors import UserError

pytestmark = pytest.mark.one_stack

ENTRY = np.dtype([("key", "u1", 3), ("length", "<u4")])


def entries(count):
    found = np.zeros(count, ENTRY)
    found["length"] = np.arange(count)
    return found


def index(cache, count, parts):
    return cached_index(cache, "x", "--dataset=x", "id", ENTRY, count, parts)


def never():
    """Parts that must not be read."""
    raise AssertionError("the index was made again")
    yield


# The cache


@pytest.mark.parametrize("count", [0, 1, 7])
def test_an_index_is_made_once(tmp_path, count):
    wanted = entries(count)
    made, sha256 = index(tmp_path / "new", count, [wanted[:4], wanted[4:]])
    assert_array_equal(made, wanted)
    again, same = index(tmp_path / "new", count, never())
    assert_array_equal(again, wanted)
    assert same == sha256
    assert not again.flags.writeable
    # Any program can read it.
    (path,) = (tmp_path / "new").glob("*.npy")
    assert_array_equal(np.load(path), wanted)
    assert len(list(path.parent.iterdir())) == 2


def damaged(path, how):
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(content[:-3])
    elif how == "longer":
        path.write_bytes(content + b"1")
    elif how == "bit":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    elif how == "text":
        path.write_bytes(b"not what it was\xff")
    else:
        path.write_bytes(how)


@pytest.mark.parametrize(
    "suffix, how",
    [
        (suffix, how)
        for suffix in (".npy", ".json")
        for how in ("gone", "empty", "cut", "bit", "text", b"[]", b"{}")
    ]
    + [(".npy", "longer"), (".json", b'{"count": 7, "sha256": 5}')],
)
def test_a_damaged_index_is_made_again(tmp_path, suffix, how):
    wanted = entries(7)
    _, sha256 = index(tmp_path, 7, [wanted])
    (path,) = tmp_path.glob(f"*{suffix}")
    damaged(path, how)
    made, same = index(tmp_path, 7, [wanted])
    assert_array_equal(made, wanted)
    assert same == sha256
    index(tmp_path, 7, never())


@pytest.mark.parametrize("found", [0, 6, 8, 100])
def test_another_number_of_images_is_an_error(tmp_path, found):
    parts = np.array_split(entries(found), 3)
    message = f"--dataset=x: its files hold {found} images, but declare 7"
    with pytest.raises(UserError, match=message):
        index(tmp_path, 7, parts)
    assert not list(tmp_path.iterdir())


def test_the_cached_number_of_images_is_checked(tmp_path):
    """The description changes, the files do not: the cache is no excuse."""
    index(tmp_path, 7, [entries(7)])
    for count in (6, 8):
        with pytest.raises(UserError, match=f"7 images, but declare {count}"):
            index(tmp_path, count, [entries(7)])
    index(tmp_path, 7, never())


def test_a_source_that_fails_is_not_the_caches_fault(tmp_path):
    def parts():
        yield entries(3)
        raise OSError(errno.EIO, "Input/output error", "/data/shard")

    message = "--dataset=x: cannot be read: /data/shard: Input/output error"
    with pytest.raises(UserError, match=message):
        index(tmp_path, 7, parts())
    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = f"--cache_dir={tmp_path / 'file'}: cannot be written"
    with pytest.raises(UserError, match=message):
        index(tmp_path / "file", 7, [entries(7)])


# TFDS


@pytest.fixture(params=["any size", "one size"])
def tfds(request, tmp_path, random):
    """A function that loads a data set, its shard and its images.

    Images of any size are read by position, those of one size by TFDS.
    """
    images = random.integers(0, 256, (40, 8, 8, 3), np.uint8)
    sizes = {"any size": ("-1", "-1", "3"), "one size": ("8", "8", "3")}
    content = [png(image) for image in images]
    shard = write_tfds(tmp_path, "drawn", content, sizes[request.param])

    def load():
        cache = str(tmp_path / "cache")
        return load_images(
            "tfds:drawn", data_dir=str(tmp_path), cache_dir=cache
        )

    return load, shard, images


def told_by(load):
    """The message of a UserError, in one line with the data set's name."""
    with pytest.raises(UserError) as caught:
        load()
    told = str(caught.value)
    assert told.startswith("--dataset=tfds:drawn: ") and "\n" not in told
    return told


def test_all_records_are_read(tfds):
    load, _, images = tfds
    assert_array_equal(load().train[:], images)
    assert_array_equal(load().train[:], images)


@pytest.mark.parametrize("count, told", [(0, 0), (30, 30), (39, 39)])
def test_fewer_records_than_declared(tfds, count, told):
    load, shard, _ = tfds
    content = shard.read_bytes()
    shard.write_bytes(content[: ([0] + record_ends(content))[count]])
    message = told_by(load)
    assert f" {told} " in message and " 40" in message


def test_more_records_than_declared(tfds):
    load, shard, _ = tfds
    shard.write_bytes(shard.read_bytes() * 2)
    message = told_by(load)
    assert "hold 80 images" in message or "at least 41" in message
    assert " 40" in message


@pytest.mark.parametrize("more", [1, 11, 12, 40])
def test_a_record_that_is_cut_off(tfds, more):
    """Inside its header of 12 bytes, right after it, inside its data."""
    load, shard, _ = tfds
    content = shard.read_bytes()
    start = record_ends(content)[29]
    shard.write_bytes(content[: start + more])
    told_by(load)


def test_a_last_record_that_is_cut_off(tfds):
    """The number of records is right."""
    load, shard, _ = tfds
    shard.write_bytes(shard.read_bytes()[:-5])
    told = told_by(load)
    assert "cut off or damaged in the record at byte" in told or (
        "truncated record" in told
    )


def test_a_record_with_a_huge_length(tfds):
    load, shard, _ = tfds
    content = shard.read_bytes()
    start = record_ends(content)[5]
    for length in (2**63 + 7, 2**64 - 1, 10_000):
        changed = length.to_bytes(8, "little")
        shard.write_bytes(content[:start] + changed + content[start + 8 :])
        told_by(load)


def test_a_shard_that_is_gone(tfds):
    load, shard, _ = tfds
    shard.unlink()
    assert "No such file" in told_by(load)


def test_a_data_set_without_training_images(tmp_path):
    write_tfds(tmp_path, "drawn", [])
    with pytest.raises(UserError, match="no images in a split named 'train'"):
        load_images("tfds:drawn", data_dir=str(tmp_path))


# LSUN


def lsun(root, random, count=6, side=8):
    """An LMDB of LSUN in `root`; returns its images in order."""
    images = random.integers(0, 256, (count, side, side, 3), np.uint8)
    keys = sorted(random.bytes(20).hex().encode() for _ in images)
    items = {k: webp(i) for k, i in zip(keys, images, strict=True)}
    return write_lmdb(root / "attic_train_lmdb", items), images


def test_every_cache_dir_gets_its_index(tmp_path, random):
    """Also while the data set is open with another one."""
    _, images = lsun(tmp_path, random)
    opened = [
        load_images(
            "lsun/attic", data_dir=str(tmp_path), cache_dir=str(tmp_path / name)
        )
        for name in ("one", "other")
    ]
    for name, each in zip(("one", "other"), opened, strict=True):
        assert len(list((tmp_path / name).glob("*.npy"))) == 1
        assert_array_equal(each.train[:], images)


def test_a_damaged_lmdb_is_one_line(tmp_path, random):
    """Also one that is cut off: reading beyond its end would be a crash."""
    path, _ = lsun(tmp_path, random, 60, 100)
    data = path / "data.mdb"
    content = data.read_bytes()
    assert len(content) > 300 * 4096

    def load():
        load_images(
            "lsun/attic", data_dir=str(tmp_path), cache_dir=str(tmp_path / "c")
        )

    os.truncate(data, 10 * 4096)
    with pytest.raises(UserError, match="is cut off: data.mdb has 40,960"):
        load()
    data.write_bytes(content[:8192] + b"\xff" * 4096 * 40 + content[172032:])
    with pytest.raises(UserError, match="attic_train_lmdb: is damaged"):
        load()
    data.write_bytes(content)
    load()
    manifest = next((tmp_path / "c").glob("*.json"))
    assert json.loads(manifest.read_text())["count"] == 60

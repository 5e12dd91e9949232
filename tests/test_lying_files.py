"""Files whose headers ask for more memory than their content is worth."""

import _codecs
import gzip
import json
import pickle
import struct
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from wn_gan.data import load_images
from wn_gan.data.sources.cifar10_pickle import read_pickle
from wn_gan.data.sources.fashion_mnist import read_idx
from wn_gan.errors import UserError
from wn_gan.prepare.prepare_images import prepare

# The files here have a few kB. Imports and messages take the rest.

pytestmark = pytest.mark.one_stack

FEW_BYTES = 4 * 2**20


def refused(work, kind=UserError):
    """The message of an error that comes before memory is allocated."""
    tracemalloc.start()
    try:
        with pytest.raises(kind) as caught:
            work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    told = str(caught.value)
    assert peak < FEW_BYTES, (told, peak)
    assert "\n" not in told
    return told


# NumPy archives


def npy(shape, descr="|u1", content=b"123", version=(1, 0)):
    """An array whose header says anything."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}"
    length = len(header).to_bytes(2 if version == (1, 0) else 4, "little")
    start = b"\x93NUMPY" + bytes(version) + length
    return start + header.encode() + content


def write_npz(path, content, name="images"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", content)
    return path


HUGE = 2**33  # 8 GiB of pixels; TCMalloc and overcommit might give them


@pytest.mark.parametrize(
    "content, message",
    [
        (npy((HUGE // 192, 8, 8, 3)), "asks for 8,589,934,"),
        (npy((HUGE // 192, 8, 8, 3), version=(2, 0)), "asks for 8,589,934,"),
        (npy((2**64, 8, 8, 3)), "asks for 3,541,774,862,152,233,910,"),
        (npy((1, 1, 1), content=b"12"), "images.npy asks for"),
        (npy((1, 1, 2), content=b"1"), "images.npy asks for"),
        (npy((0, 2**62, 8, 3), content=b""), "must be uint8"),
        (npy((-1, -8, 8, 3)), "must be uint8"),
        (npy((8, 8)), "must be uint8"),
        (npy(()), "must be uint8"),
        (npy((1, 1, 1, 2)), "must be uint8"),
        (npy((HUGE, 8, 8), descr="<f8"), "must be uint8"),
        (npy((HUGE, 8, 8), descr="|V0"), "must be uint8"),
        (npy((1, 8, 8), descr="|O"), "images holds Python objects"),
        (npy((1, 8, 8), descr="|zz"), "header of an array is damaged"),
        (npy("("), "header of an array is damaged"),
        (npy("(" * 5000), "header of an array is damaged"),
        (npy((1, 1, 3), version=(3, 0)), r"have format version (3, 0)"),
        (b"\x93NUMPY", "cannot be read"),
        (b"no array at all", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_npz_headers_are_compared_with_the_content(tmp_path, content, message):
    path = write_npz(tmp_path / "lie.npz", content)
    told = refused(lambda: load_images(f"npz:{path}"))
    assert told.startswith(f"npz:{path}: ") and message in told


def test_an_npz_whose_directory_lies_as_its_header_does(tmp_path):
    content = npy((HUGE // 192, 8, 8, 3))
    path = tmp_path / "lie.npz"
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(path, "w", packing) as archive:
            archive.writestr("images.npy", content)
            # It is written into the directory when the archive is closed.
            size = len(content) - 3 + HUGE // 192 * 192
            archive.getinfo("images.npy").file_size = size
        told = refused(lambda: load_images(f"npz:{path}"))
        assert "packed bytes can hold" in told


def test_x_test_is_checked_as_well(tmp_path, random):
    pixels = random.integers(0, 256, (5, 8, 6), np.uint8)
    path = tmp_path / "half.npz"
    np.savez(path, x_train=pixels)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_test.npy", npy((HUGE, 8, 6)))
    told = refused(lambda: load_images(f"npz:{path}"))
    assert "header of x_test.npy asks for" in told


def test_arrays_in_columns_and_gray_ones_are_read(tmp_path, random):
    """As before: order of the axes in the file, and no axis of channels."""
    pixels = random.integers(0, 256, (5, 8, 6), np.uint8)
    path = tmp_path / "all.npz"
    np.savez_compressed(path, images=np.asfortranarray(pixels))
    images = load_images(f"npz:{path}")
    assert_array_equal(images.train[:], pixels[..., np.newaxis])


# CIFAR-10's pickles


def python2_batch(rows):
    """What Python 2's cPickle writes, as in the official archive."""

    def text(word):
        return b"U" + bytes([len(word)]) + word

    def integer(value):
        return b"J" + struct.pack("<i", value)

    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR"
    dtype += b"(K\x03" + text(b"|") + b"NNN" + integer(-1) + integer(-1)
    dtype += b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
    array += b"(K\x00t" + text(b"b") + b"tRq\x01"
    content = rows.tobytes()
    shape = b"(" + integer(rows.shape[0]) + integer(rows.shape[1]) + b"t"
    state = b"(K\x01" + shape + dtype + b"\x89"
    state += b"T" + struct.pack("<i", len(content)) + content + b"tb"
    return b"\x80\x02}(" + text(b"data") + array + state + b"u."


def test_pickles_of_both_pythons_give_the_rows(random):
    rows = random.integers(0, 256, (4, 3072), np.uint8)
    assert_array_equal(read_pickle(python2_batch(rows)), rows)
    for protocol in (2, 3, 4):
        for order in (rows, np.asfortranarray(rows)):
            content = pickle.dumps({"data": order}, protocol)
            assert_array_equal(read_pickle(content), rows)


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


class State(Call):
    """Pickles as an array with this state."""

    def __init__(self, *state):
        start = np.zeros(0, np.uint8).__reduce__()
        self.made = start[0], start[1], state


ROWS = np.zeros((2, 3072), np.uint8)
RECONSTRUCT = ROWS.__reduce__()[0]
UINT8 = np.dtype(np.uint8)
LIES = {
    "shape of the call": (
        Call(RECONSTRUCT, np.ndarray, (2**33,), b"b"),
        "cannot unpack",
    ),
    "array by its class": (Call(np.ndarray, (2**33,)), "cannot unpack"),
    "shape of the state": (
        State(1, (2**33, 3072), UINT8, False, b"123"),
        "say that they have 26,388,279,066,624 bytes, have 3",
    ),
    "too many bytes": (
        State(1, (1, 3072), UINT8, False, b"0" * 3073),
        "say that they have 3,072 bytes, have 3,073",
    ),
    "wide dtype": (
        State(1, (1, 3072), np.dtype("V100000000"), False, b"1"),
        "must be a uint8 matrix",
    ),
    "floats": (np.zeros((1, 3072)), "must be a uint8 matrix"),
    "columns": (np.zeros((3072, 1), np.uint8), "must be a uint8 matrix"),
    "shape of text": (
        State(1, ("x", 3072), UINT8, False, b"1"),
        "no shape or no bytes",
    ),
    "text": (State(1, (1, 3072), UINT8, False, "1" * 3072), "no bytes"),
    "short state": (State(1, (1, 3072)), "not enough values"),
    "no array": ([1, 2], "no attribute 'state'"),
    "another codec": (Call(_codecs.encode, "x", "utf-7"), "encodes text twice"),
}


@pytest.mark.parametrize("name", LIES)
def test_pickles_allocate_no_more_than_they_hold(tmp_path, name):
    data, message = LIES[name]
    for batch in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        (tmp_path / batch).write_bytes(pickle.dumps({b"data": ROWS}, 2))
    (tmp_path / "data_batch_2").write_bytes(pickle.dumps({b"data": data}, 2))
    told = refused(lambda: load_images("cifar10", data_dir=str(tmp_path)))
    assert "data_batch_2 of" in told and message in told


LENGTH = struct.pack("<Q", 2**40)
OPCODES = {
    # An index of the memo, for which `pickle` makes a table of 64 GiB.
    "memo": (b"\x80\x02]r\xff\xff\xff\xff.", "object 4,294,967,295"),
    "text memo": (b"\x80\x02]p4000000000\n.", "object 4,000,000,000"),
    "bytes": (b"\x80\x04\x8e" + LENGTH + b"1.", "expected 1099511627776"),
    "bytearray": (b"\x80\x05\x96" + LENGTH + b"1.", "expected 1099511627776"),
    "text": (b"\x80\x04\x8d" + LENGTH + b"1.", "expected 1099511627776"),
    "frame": (b"\x80\x04\x95" + LENGTH + b"1.", "was truncated"),
    "number": (b"\x80\x02\x8b\xff\xff\xff\x7f1.", "not enough data"),
    "nothing": (b"", "pickle exhausted before"),
    # 10 kB of text that are encoded 4,000 times.
    "repeated text": (
        b"\x80\x02](c_codecs\nencode\nq\x00X\x10\x27\x00\x00"
        + b"x" * 10_000
        + b"q\x01X\x06\x00\x00\x00latin1q\x02\x86R"
        + b"h\x00h\x01h\x02\x86R" * 4000
        + b"e.",
        "encodes text twice",
    ),
}


@pytest.mark.parametrize("name", OPCODES)
def test_opcodes_allocate_no_more_than_they_hold(tmp_path, name):
    content, message = OPCODES[name]
    (tmp_path / "data_batch_1").write_bytes(content)
    told = refused(lambda: load_images("cifar10", data_dir=str(tmp_path)))
    assert "data_batch_1 of" in told and message in told


@pytest.mark.parametrize(
    "size, message", [(2**33, "is larger than"), (2**28, "cannot be read")]
)
def test_an_archive_with_less_than_it_says_is_refused(tmp_path, size, message):
    member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    member.size = size
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(member.tobuf() + b"123"))
    told = refused(lambda: load_images("cifar10", data_dir=str(tmp_path)))
    assert message in told


def test_a_small_image_file_takes_little_memory(tmp_path):
    """Not the 256 MiB that a file may have."""
    (tmp_path / "bad.png").write_bytes(b"123")
    told = refused(lambda: load_images(f"folder:{tmp_path}"))
    assert "1 of 1 images cannot be read" in told


# IDX files


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    "shape, content, message",
    [
        ((2**31 - 1, 28, 28), b"123", "cut off; 3 of 1,683,627,179,248 pixels"),
        # The product is 2**64: none of it is left in 64 bits.
        ((2**30, 2**30, 16), b"", "cut off; 0 of 18,446,744,073,709,551,616"),
        ((2**31 - 1,) * 3, b"123", "cut off; 3 of 9,903,520,300,447,984,150,"),
        ((1, 1, 2), b"123", "holds more than the 2 pixels"),
        ((0, 28, 28), b"", "is not an IDX file"),
    ],
)
def test_idx_headers_are_compared_with_the_content(
    tmp_path, suffix, shape, content, message
):
    file = struct.pack(">4i", 0x0803, *shape) + content
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(file) if suffix else file)
    assert message in refused(lambda: read_idx(path))


# Prepared folders


@pytest.fixture
def ready(tmp_path, random):
    """Options of a data set and its prepared folder."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(6):
        pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{i}.png")
    name = f"folder:{photos}"
    prepare(load_images(name), tmp_path / "ready")
    options = {"dataset": name, "prepared_dir": str(tmp_path / "ready")}
    assert len(load_images(**options).train) == 6
    return options, tmp_path / "ready"


@pytest.mark.parametrize("size", [0, 6 * 192 - 1, 6 * 192 + 1])
def test_a_prepared_file_of_another_length_is_refused(ready, size):
    options, folder = ready
    content = (folder / "train.uint8").read_bytes()
    (folder / "train.uint8").write_bytes((content + b"1")[:size])
    told = refused(lambda: load_images(**options))
    assert f"train.uint8 has {size:,} bytes instead of those of 6" in told
    assert told.startswith(f"--prepared_dir={folder}: ")


def test_lost_images_do_not_become_black_ones(ready):
    """Extending the file to the stated length would make zeros of them."""
    options, folder = ready
    with open(folder / "train.uint8", "ab") as file:
        file.truncate(100)
    images = load_images(options["dataset"])
    told = refused(lambda: prepare(images, folder))
    assert "train.uint8 has lost images" in told
    assert (folder / "train.uint8").stat().st_size == 100


@pytest.mark.parametrize(
    "change",
    [
        {"counts": {}},
        {"counts": {"train": -1}},
        {"counts": {"train": "6"}},
        {"done": {"train": 6.5}},
        {"done": []},
        {"corrupt": {}},
        {"image_shape": [8, 8]},
        {"image_shape": [8, 8, "3"]},
        {"image_shape": 8},
        {"sha256": None},
    ],
)
def test_a_manifest_of_nonsense_is_refused(ready, change):
    options, folder = ready
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    told = refused(lambda: load_images(**options))
    assert "manifest.json is unusable" in told

"""Data sets in the layouts that their authors distribute."""

import gzip
import pickle
import struct
import tarfile

import numpy as np
import pytest
from helpers.image_files import webp, write_lmdb, write_zip
from numpy.testing import assert_array_equal
from PIL import Image

from wn_gan.data import load_images
from wn_gan.errors import UserError

# CelebA


def celeba_folder(root, random, count=10):
    """Official layout: 178x218 JPEGs, a partition of 6, 2 and 2."""
    (root / "img_align_celeba").mkdir(parents=True)
    lines = []
    for i in range(count):
        pixels = random.integers(0, 256, (218, 178, 3), np.uint8)
        name = f"{i + 1:06}.jpg"
        Image.fromarray(pixels).save(root / "img_align_celeba" / name)
        lines.append(f"{name} {0 if i < 6 else 1 if i < 8 else 2}\n")
    (root / "list_eval_partition.txt").write_text("".join(lines))
    return root


def test_celeba_folder_and_zip_are_the_same(tmp_path, random):
    plain = celeba_folder(tmp_path / "plain", random)
    zipped = tmp_path / "zipped"
    zipped.mkdir()
    write_zip(
        zipped / "img_align_celeba.zip",
        {
            f"img_align_celeba/{path.name}": path.read_bytes()
            for path in (plain / "img_align_celeba").iterdir()
        },
    )
    partition = (plain / "list_eval_partition.txt").read_text()
    (zipped / "list_eval_partition.txt").write_text(partition)
    one, other = (
        load_images(
            "celeba",
            data_dir=str(root),
            crop_size=160,
            image_width=64,
            image_height=64,
        )
        for root in (plain, zipped)
    )
    for part, size in (("train", 6), ("validation", 2), ("test", 2)):
        found = getattr(one, part)
        assert found.shape == (size, 64, 64, 3)
        assert_array_equal(found[:], getattr(other, part)[:])


def test_celebas_crop_is_the_center(tmp_path, random):
    root = celeba_folder(tmp_path, random)
    images = load_images("celeba", data_dir=str(root), crop_size=160)
    first = np.asarray(Image.open(root / "img_align_celeba/000001.jpg"))
    assert_array_equal(images.train[:1][0], first[29:189, 9:169])


def test_celebas_strangers_are_named(tmp_path, random):
    root = celeba_folder(tmp_path, random)
    path = root / "list_eval_partition.txt"
    path.write_text(path.read_text().replace("000002.jpg", "000099.jpg"))
    images = load_images("celeba", data_dir=str(root), crop_size=160)
    assert len(images.train) == 5
    assert images.skipped == (
        "000099.jpg: in list_eval_partition.txt, but not there",
        "000002.jpg: not in list_eval_partition.txt",
    )
    path.write_text("000001.jpg train\n")
    with pytest.raises(UserError, match="line 1 is not a file name and 0, 1"):
        load_images("celeba", data_dir=str(root), crop_size=160)
    path.write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="line 1 is not a file name"):
        load_images("celeba", data_dir=str(root), crop_size=160)
    path.unlink()
    assert (
        len(load_images("celeba", data_dir=str(root), crop_size=160).train)
        == 10
    )


def test_celebas_repeated_names_are_named(tmp_path, random):
    """Of two files with one name in nested folders, one is in the split."""
    root = celeba_folder(tmp_path, random)
    folder = root / "img_align_celeba"
    (folder / "nested").mkdir()
    for name in ("000001.jpg", "000009.jpg"):
        content = (folder / "000002.jpg").read_bytes()
        (folder / "nested" / name).write_bytes(content)
    images = load_images("celeba", data_dir=str(root), crop_size=160)
    sizes = [len(getattr(images, p)) for p in ("train", "validation", "test")]
    assert sizes == [6, 2, 2]
    assert images.skipped == (
        "nested/000001.jpg: has the same name as 000001.jpg",
        "nested/000009.jpg: has the same name as 000009.jpg",
    )
    first = np.asarray(Image.open(folder / "000001.jpg"))
    assert_array_equal(images.train[:1][0], first[29:189, 9:169])


def test_the_stand_in_celeba(shared):
    root = str(shared / "data" / "celeba")
    images = load_images("celeba", data_dir=root, crop_size=160)
    assert images.train.shape == (480, 160, 160, 3)
    assert len(images.validation) == len(images.test) == 60


# LSUN


def test_lsun_is_read_by_key_and_indexed_once(tmp_path, random):
    pixels = random.integers(0, 256, (6, 10, 12, 3), np.uint8)
    keys = sorted(random.bytes(20).hex().encode() for _ in pixels)
    items = {k: webp(p) for k, p in zip(keys, pixels, strict=True)}
    path = write_lmdb(tmp_path / "attic_train_lmdb", items)
    (path / "lock.mdb").unlink()

    def load():
        return load_images(
            "lsun/attic",
            data_dir=str(tmp_path),
            cache_dir=str(tmp_path / "cache"),
        )

    images = load()
    assert_array_equal(images.train[:], pixels)
    # Nothing was written beside the data; the index was, in the cache.
    assert [p.name for p in path.iterdir()] == ["data.mdb"]
    (index,) = (tmp_path / "cache").glob("*.npy")
    stored = np.load(index)
    assert stored["length"].tolist() == [len(items[k]) for k in keys]
    before = index.stat().st_mtime_ns
    hashed = images.train.sha256()
    del images
    assert load().train.sha256() == hashed
    assert index.stat().st_mtime_ns == before


def test_an_lmdb_that_is_not_lsuns_is_refused(tmp_path, random):
    write_lmdb(tmp_path / "cat_train_lmdb", {b"label-000001": b"cat"})
    cache = str(tmp_path / "cache")
    with pytest.raises(UserError, match="not LSUN's.*b'label-000001'"):
        load_images("lsun/cat", data_dir=str(tmp_path), cache_dir=cache)
    assert not list((tmp_path / "cache").glob("*"))
    (tmp_path / "dog_train_lmdb").mkdir()
    with pytest.raises(UserError, match="dog_train_lmdb: is no LMDB"):
        load_images("lsun/dog", data_dir=str(tmp_path), cache_dir=cache)
    key = random.bytes(20).hex().encode()
    write_lmdb(tmp_path / "fox_train_lmdb", {key: b"not WebP"})
    with pytest.raises(UserError, match="1 of 1 images cannot be read"):
        load_images("lsun/fox", data_dir=str(tmp_path), cache_dir=cache)


def test_the_stand_in_lsun(shared, tmp_path):
    images = load_images(
        "lsun/bedroom",
        data_dir=str(shared / "data" / "lsun"),
        cache_dir=str(tmp_path),
        image_width=64,
        image_height=64,
    )
    assert images.train.shape == (330, 64, 64, 3)


# CIFAR-10


@pytest.fixture
def cifar_rows(random):
    """Six batches of three rows, as the archives hold them."""
    return random.integers(0, 256, (6, 3, 3072), np.uint8)


def binary_batch(rows):
    return np.insert(rows, 0, 7, axis=1).tobytes()


def python_batch(rows):
    return pickle.dumps({b"data": rows, b"labels": [7] * len(rows)}, 2)


BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["binary", "python"])
def test_cifar_archives(tmp_path, cifar_rows, form, packed):
    suffix, stem, encode = {
        "binary": (".bin", "bin", binary_batch),
        "python": ("", "py", python_batch),
    }[form]
    folder = tmp_path / f"cifar-10-batches-{stem}"
    folder.mkdir()
    for name, rows in zip(BATCHES, cifar_rows, strict=True):
        (folder / f"{name}{suffix}").write_bytes(encode(rows))
    root = tmp_path
    if packed:
        root = tmp_path / "packed"
        root.mkdir()
        archive = root / f"cifar-10-{form}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, folder.name)
    images = load_images("cifar10", data_dir=str(root))
    assert images.train.shape == (15, 32, 32, 3)
    # The second training image: red, green and blue plane after each other.
    planes = cifar_rows[0, 1].reshape(3, 32, 32)
    assert_array_equal(images.train[:][1], np.moveaxis(planes, 0, -1))
    assert_array_equal(
        images.test[:][2, ..., 1], cifar_rows[5, 2].reshape(3, 32, 32)[1]
    )
    assert len(list(root.iterdir())) <= 2


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


def test_a_pickle_that_calls_something_is_refused(tmp_path, cifar_rows):
    for name, rows in zip(BATCHES, cifar_rows, strict=True):
        (tmp_path / name).write_bytes(python_batch(rows))
    evil = pickle.dumps({b"data": Evil()}, 2)
    (tmp_path / "data_batch_3").write_bytes(evil)
    with pytest.raises(UserError, match=r"data_batch_3.*\.exec, which"):
        load_images("cifar10", data_dir=str(tmp_path))


def test_a_cut_cifar_batch_is_named(tmp_path, cifar_rows):
    for name, rows in zip(BATCHES, cifar_rows, strict=True):
        (tmp_path / f"{name}.bin").write_bytes(binary_batch(rows))
    (tmp_path / "test_batch.bin").write_bytes(b"123")
    with pytest.raises(UserError, match="test_batch.bin .*no whole records"):
        load_images("cifar10", data_dir=str(tmp_path))


# Fashion-MNIST, NumPy archives


def idx(images):
    header = struct.pack(">4i", 0x0803, *images.shape)
    return gzip.compress(header + images.tobytes())


def test_fashion_mnist(tmp_path, random):
    pixels = random.integers(0, 256, (5, 28, 28), np.uint8)
    for part, stored in (("train", pixels), ("t10k", pixels[:2])):
        path = tmp_path / f"{part}-images-idx3-ubyte.gz"
        path.write_bytes(idx(stored))
    images = load_images("fashion_mnist", data_dir=str(tmp_path))
    assert_array_equal(images.train[:][..., 0], pixels)
    assert len(images.test) == 2
    path.write_bytes(gzip.compress(gzip.decompress(idx(pixels))[:-1]))
    with pytest.raises(UserError, match="cut off; 3,919 of 3,920"):
        load_images("fashion_mnist", data_dir=str(tmp_path))


def test_npz(tmp_path, random):
    pixels = random.integers(0, 256, (5, 8, 6, 3), np.uint8)
    path = tmp_path / "all.npz"
    np.savez(path, x_train=pixels, x_test=pixels[:2])
    images = load_images(f"npz:{path}")
    assert_array_equal(images.train[:], pixels)
    assert len(images.test) == 2
    np.savez(path, images=np.array([Evil()], dtype=object))
    with pytest.raises(UserError, match="cannot be read"):
        load_images(f"npz:{path}")
    np.savez(path, images=pixels.astype(np.float32))
    with pytest.raises(UserError, match="must be uint8"):
        load_images(f"npz:{path}")

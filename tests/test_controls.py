"""Baselines of the data: exact, resumable, in bounded memory."""

import json
import threading
import time

import filelock
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan.data import Subset, array_images, pieces
from wn_gan.data.exact_products import (
    add_column_products,
    column_sums,
    products,
    squares,
)
from wn_gan.data.nearest import nearest
from wn_gan.data.pieces import piece_size, read_images, read_pieces
from wn_gan.evaluate import controls, data_pass
from wn_gan.evaluate.controls import data_controls, sample

# Results are exact up to the last sums in float64, of some thousand numbers.
CLOSE = {"rtol": 1e-10, "atol": 1e-14}


class Decoded(Subset):
    """Images that are not in memory; notes which were read."""

    def __init__(self, stored):
        super().__init__(array_images(stored), np.arange(len(stored)))
        self.stored = stored
        self.asked = []
        self.images.array = None
        self.dies_at = None

    def read(self, index, place=None):
        if index == self.dies_at:
            raise KeyboardInterrupt
        self.asked.append(index)
        return self.stored[index]


def in_memory(stored):
    return Subset(array_images(stored), np.arange(len(stored)))


@pytest.fixture
def stored(random):
    """300 images; their numbers have different variances."""
    spread = random.integers(1, 128, (4, 4, 3))
    pixels = 128 + spread * random.uniform(-1, 1, (300, 4, 4, 3))
    return np.uint8(pixels)


@pytest.fixture
def targets(random):
    return random.integers(0, 256, (20, 4, 4, 3), np.uint8)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 64 images; the state is saved after each."""
    monkeypatch.setattr(pieces, "PIECE_IMAGES", 64)
    monkeypatch.setattr(data_pass, "SAVE_SECONDS", 0)


def flat(images):
    return images.reshape(len(images), -1) / 255


def expected(train, targets, components):
    """The three errors by plain NumPy in float64."""
    train, targets = flat(train), flat(targets)
    mean = train.mean(0)
    _, _, rows = np.linalg.svd(train - mean, full_matrices=False)
    basis = rows[:components]
    centered = targets - mean
    rest = centered - centered @ basis.T @ basis
    distances = ((targets[:, np.newaxis] - train) ** 2).mean(2)
    return {
        "mean_image": (centered**2).mean(),
        "pca": (rest**2).mean(),
        "nearest_training_image": distances.min(1).mean(),
    }


def check(found, train, targets, components, used):
    for name, value in expected(train, targets, components).items():
        assert_allclose(found[name], value, err_msg=name, **CLOSE)
    assert found["num_training_images"] == used == found["num_pca_images"]


# Exact products


def test_sums_in_float32_blocks_are_exact(random):
    """The darkest pixels fill float32's integers to the last bit."""
    dark = random.integers(0, 4, (40, 5000), np.uint8)
    dark[0] = 0
    wide = dark.astype(np.int64) - 128
    assert_array_equal(products(dark, dark), wide @ wide.T)
    assert_array_equal(squares(dark), (wide**2).sum(1))
    assert_array_equal(column_sums(dark), wide.sum(0))
    total = np.ones((40, 40), order="F")
    add_column_products(total, dark.T)
    assert_array_equal(np.triu(total), np.triu(wide @ wide.T + 1))


# Pieces


@pytest.mark.parametrize(
    "shape, images",
    [
        ((4, 4, 3), pieces.PIECE_IMAGES),
        ((160, 160, 3), 2**26 // 76_800),
        ((1024, 1024, 3), 2**26 // (3 * 2**20)),
        ((9000, 9000, 3), 1),
    ],
)
def test_a_piece_is_bounded_in_bytes(shape, images):
    assert piece_size(shape) == images
    bound = max(pieces.PIECE_BYTES, np.prod(shape))
    assert piece_size(shape) * np.prod(shape) <= bound


@pytest.mark.parametrize("kind", [in_memory, Decoded])
def test_pieces_are_read_in_order(kind, stored):
    indexes = np.arange(299, 100, -1)
    found = list(read_pieces(kind(stored), indexes, 64))
    assert [len(piece) for piece in found] == [64, 64, 64, 7]
    assert_array_equal(np.concatenate(found), stored[indexes])
    assert_array_equal(read_images(kind(stored), indexes), stored[indexes])


def test_one_piece_is_read_ahead(stored):
    train = Decoded(stored)
    reading = read_pieces(train, np.arange(300), 50)
    next(reading)
    deadline = time.monotonic() + 10
    while len(train.asked) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(train.asked) == list(range(100))
    reading.close()


# Nearest images


@pytest.mark.parametrize("kind", [in_memory, Decoded])
def test_the_nearest_of_all_pieces(kind, stored, targets, small_pieces):
    places, errors = nearest(kind(stored), targets, 3)
    distances = flat(targets)[:, np.newaxis] - flat(stored)
    distances = (distances**2).mean(2)
    order = np.argsort(distances, axis=1)[:, :3]
    assert_array_equal(places, order)
    assert_allclose(
        errors, np.take_along_axis(distances, order, axis=1), **CLOSE
    )


def test_more_targets_than_a_block(stored, random, monkeypatch):
    monkeypatch.setattr("wn_gan.data.nearest._TARGETS", 7)
    order = random.permutation(300)
    places, errors = nearest(in_memory(stored), stored[order])
    assert_array_equal(places[:, 0], order)
    assert_array_equal(errors, np.zeros((300, 1)))


def test_equal_images_are_named_by_the_first(stored, small_pieces):
    train = in_memory(np.tile(stored[:3], (70, 1, 1, 1)))
    places, errors = nearest(train, stored[:3], 71)
    for image in range(3):
        copies = np.arange(image, 210, 3)
        assert_array_equal(places[image, :70], copies)
    assert_array_equal(errors[:, :70], np.zeros((3, 70)))
    assert np.all(errors[:, 70] > 0)


def test_fewer_training_images_than_neighbours(stored, targets):
    places, errors = nearest(in_memory(stored[:2]), targets, 5)
    assert places.shape == errors.shape == (20, 2)
    assert_array_equal(np.sort(places), np.tile([0, 1], (20, 1)))


# The controls


@pytest.mark.parametrize("kind", [in_memory, Decoded])
@pytest.mark.parametrize("components", [1, 7, 48, 100])
def test_equal_to_plain_float64(
    kind, stored, targets, components, tmp_path, small_pieces
):
    found = data_controls(kind(stored), targets, components, 0, tmp_path)
    check(found, stored, targets, components, 300)


@pytest.mark.parametrize("components", [1, 7, 40])
def test_pca_without_the_covariance(
    stored, targets, components, tmp_path, monkeypatch
):
    """Once from all images, once from as many as there may be."""
    monkeypatch.setattr(controls, "EXACT_PCA_SIZE", 1)
    found = data_controls(Decoded(stored), targets, components, 0, tmp_path)
    check(found, stored, targets, components, 300)
    monkeypatch.setattr(controls, "PCA_SAMPLE_BYTES", 200 * 48)
    found = data_controls(
        Decoded(stored), targets, components, 0, tmp_path / "fewer"
    )
    some, mean = flat(stored[sample(300, 200)]), flat(stored).mean(0)
    _, _, rows = np.linalg.svd(some - mean, full_matrices=False)
    basis = rows[:components]
    rest = flat(targets) - mean
    rest -= rest @ basis.T @ basis
    assert_allclose(found["pca"], (rest**2).mean(), **CLOSE)
    assert found["num_training_images"] == 300
    assert found["num_pca_images"] == 200


@pytest.mark.parametrize("exact_size", [1, 4096])
def test_images_on_a_line(exact_size, tmp_path, monkeypatch):
    """One component explains them all; the others have no variance."""
    monkeypatch.setattr(controls, "EXACT_PCA_SIZE", exact_size)
    line = np.arange(40, dtype=np.uint8)[:, np.newaxis] * np.uint8([1, 2, 3])
    line = line[:, np.newaxis, np.newaxis]
    for components in (1, 3):
        found = data_controls(
            in_memory(line[::2]), line[1::2], components, 0, tmp_path
        )
        assert 0 <= found["pca"] < 1e-14
    # The next one, or the one before, is at a distance of 1, 2 and 3 levels.
    assert_allclose(found["nearest_training_image"], 14 / 3 / 255**2, **CLOSE)


@pytest.mark.parametrize("exact_size", [1, 4096])
def test_images_that_are_all_the_same(
    exact_size, stored, tmp_path, monkeypatch
):
    """Without variance there is no component: PCA is the mean image."""
    monkeypatch.setattr(controls, "EXACT_PCA_SIZE", exact_size)
    train = in_memory(np.repeat(stored[:1], 50, axis=0))
    found = data_controls(train, stored[1:9], 2, 0, tmp_path)
    error = ((flat(stored[1:9]) - flat(stored[:1])) ** 2).mean()
    for name in ("mean_image", "pca", "nearest_training_image"):
        assert_allclose(found[name], error, **CLOSE)


def test_above_the_limit_a_sample_is_used(stored, targets, tmp_path):
    train = Decoded(stored)
    found = data_controls(train, targets, 5, 100, tmp_path)
    chosen = sample(300, 100)
    assert sorted(train.asked) == list(chosen)
    check(found, stored[chosen], targets, 5, 100)
    assert data_controls(train, targets, 5, 0, tmp_path) != found
    # A limit above their number is no limit.
    check(
        data_controls(train, targets, 5, 500, tmp_path), stored, targets, 5, 300
    )
    assert len(train.asked) == 400


def test_a_sample_is_without_replacement_and_in_order():
    chosen = sample(1000, 300)
    assert len(np.unique(chosen)) == 300
    assert_array_equal(chosen, np.sort(chosen))
    # 300 uniform draws: the mean is 499.5 within 3 * 289 / sqrt(300).
    assert abs(chosen.mean() - 499.5) < 50
    assert_array_equal(sample(5, 0), np.arange(5))
    assert_array_equal(sample(5, 5), np.arange(5))


# Killed passes


@pytest.mark.parametrize("limit, exact_size", [(0, 4096), (250, 4096), (0, 1)])
def test_a_killed_pass_goes_on(
    limit, exact_size, stored, targets, tmp_path, monkeypatch, small_pieces
):
    monkeypatch.setattr(controls, "EXACT_PCA_SIZE", exact_size)
    whole = data_controls(in_memory(stored), targets, 5, limit, tmp_path / "w")
    chosen = sample(300, limit)
    train = Decoded(stored)
    # In the fourth piece: three pieces of 64 are done and saved.
    train.dies_at = chosen[200]
    with pytest.raises(KeyboardInterrupt):
        data_controls(train, targets, 5, limit, tmp_path)
    train.asked.clear()
    train.dies_at = None
    assert data_controls(train, targets, 5, limit, tmp_path) == whole
    read = train.asked[: len(chosen) - 192]
    assert sorted(read) == list(chosen[192:])
    # A PCA from a sample reads it again, and nothing else is read twice.
    assert len(train.asked) == len(read) + (300 if exact_size == 1 else 0)
    assert not [p for p in tmp_path.glob("controls*") if p.is_dir()]


def test_a_kill_while_saving_loses_one_piece(
    stored, targets, tmp_path, monkeypatch, small_pieces
):
    whole = data_controls(in_memory(stored), targets, 5, 0, tmp_path / "w")
    written = []

    def dies_in_the_third(path, arrays):
        written.append(path)
        if len(written) == 3:
            (path.parent / f"{path.name}.partial-x").write_bytes(b"torn")
            raise KeyboardInterrupt
        original(path, arrays)

    original = data_pass.write_npz
    monkeypatch.setattr(data_pass, "write_npz", dies_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        data_controls(Decoded(stored), targets, 5, 0, tmp_path)
    train = Decoded(stored)
    train.dies_at = 130
    with pytest.raises(KeyboardInterrupt):
        data_controls(train, targets, 5, 0, tmp_path)
    assert list(written[0].parent.iterdir()) == [written[0]]
    train = Decoded(stored)
    assert data_controls(train, targets, 5, 0, tmp_path) == whole
    assert sorted(train.asked) == list(range(128, 300))
    assert not written[0].parent.exists()


@pytest.mark.parametrize("length", [0, 1000])
def test_a_damaged_state_is_no_state(
    stored, targets, tmp_path, monkeypatch, small_pieces, length
):
    train = Decoded(stored)
    train.dies_at = 200
    with pytest.raises(KeyboardInterrupt):
        data_controls(train, targets, 5, 0, tmp_path)
    (state,) = tmp_path.glob("*/pass.npz")
    state.write_bytes(state.read_bytes()[:length])
    train = Decoded(stored)
    check(
        data_controls(train, targets, 5, 0, tmp_path), stored, targets, 5, 300
    )
    assert len(train.asked) == 300


# The cache


def entries(folder):
    return {path.name for path in folder.glob("*.json")}


def test_a_result_is_measured_once(stored, targets, tmp_path):
    found = data_controls(in_memory(stored), targets, 5, 0, tmp_path)
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text()) == found
    path.write_text(json.dumps({"mean_image": 7}))
    again = data_controls(in_memory(stored), targets, 5, 0, tmp_path)
    assert again == {"mean_image": 7}


@pytest.mark.parametrize("change", ["train", "targets", "components", "limit"])
def test_whatever_changes_the_result_has_its_own_entry(
    change, stored, targets, tmp_path
):
    data_controls(in_memory(stored), targets, 5, 0, tmp_path)
    before = entries(tmp_path)
    train, used, components = stored, 300, 5
    if change == "train":
        train, used = stored[:299], 299
    if change == "targets":
        targets = targets[:10]
    if change == "components":
        components = 6
    if change == "limit":
        used = 100
    found = data_controls(in_memory(train), targets, components, used, tmp_path)
    check(found, train[sample(len(train), used)], targets, components, used)
    assert len(entries(tmp_path) - before) == 1


def test_a_second_process_waits_for_the_first(
    stored, targets, tmp_path, capsys
):
    data_controls(in_memory(stored), targets, 5, 0, tmp_path)
    (path,) = tmp_path.glob("*.json")
    path.unlink()
    train, found = Decoded(stored), []
    # The name of the entry depends on the hash of the images.
    train.sha256 = in_memory(stored).sha256

    def second():
        found.append(data_controls(train, targets, 5, 0, tmp_path))

    with filelock.FileLock(path.with_suffix(".lock")):
        thread = threading.Thread(target=second)
        thread.start()
        deadline = time.monotonic() + 10
        told = ""
        while "waiting for it" not in told and time.monotonic() < deadline:
            time.sleep(0.01)
            told += capsys.readouterr().out
        assert "another process measures the same baselines" in told
        path.write_text(json.dumps({"mean_image": 7}))
    thread.join(10)
    assert found == [{"mean_image": 7}] and not train.asked


def test_only_the_chief_shows_the_progress(stored, targets, tmp_path, capsys):
    train = in_memory(stored)
    data_controls(train, targets, 5, 0, tmp_path, shown=False)
    assert capsys.readouterr().out == ""
    data_controls(train, targets, 6, 0, tmp_path)
    assert "training images 300/300 100%" in capsys.readouterr().out

"""Small files: whole or not at all, on the disk before they have a name."""

import os
import threading

import numpy as np
import pytest

from wn_gan import files


@pytest.fixture
def calls(monkeypatch):
    """The calls that matter, in their order, by what they touch."""
    seen = []
    kinds = {}
    real_open, real_fsync, real_replace = os.open, os.fsync, os.replace

    def opened(path, *arguments, **options):
        number = real_open(path, *arguments, **options)
        kinds[number] = "folder" if os.path.isdir(path) else "file"
        return number

    def fsync(number):
        seen.append(f"fsync {kinds.get(number, 'file')}")
        real_fsync(number)

    def replace(source, target):
        seen.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    return seen


@pytest.mark.parametrize(
    "write",
    [
        lambda path: files.write_text(path, "x"),
        lambda path: files.write_json(path, {"x": 1}),
        lambda path: files.write_npz(path, {"x": np.ones(3)}),
    ],
    ids=["text", "json", "npz"],
)
def test_content_is_on_the_disk_before_the_name(tmp_path, calls, write):
    write(tmp_path / "a")
    assert calls == ["fsync file", "replace", "fsync folder"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_writers_of_one_file_do_not_share_a_partial_one(tmp_path):
    """Two writers at once: the file is one of the two, whole."""
    path, texts = tmp_path / "a", ["x" * 5000, "y" * 9000]
    barrier = threading.Barrier(2)

    def write(text):
        with files.replacing(path) as partial:
            barrier.wait()
            partial.write_text(text)
            barrier.wait()

    threads = [threading.Thread(target=write, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    files.write_text(tmp_path / "a", "old")
    with pytest.raises(ValueError):
        with files.replacing(tmp_path / "a") as partial:
            partial.write_text("new")
            raise ValueError
    assert (tmp_path / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_permissions_are_those_of_any_new_file(tmp_path):
    files.write_text(tmp_path / "a", "x")
    (tmp_path / "b").write_text("x")
    modes = [(tmp_path / name).stat().st_mode for name in "ab"]
    assert modes[0] == modes[1]


def test_what_killed_writes_left_is_removed(tmp_path):
    files.write_text(tmp_path / "a", "x")
    (tmp_path / "a.partial-1234").write_text("half")
    files.remove_partials(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_error_names_the_file(tmp_path):
    with pytest.raises(OSError) as caught:
        files.write_npz(tmp_path / "no" / "a.npz", {"x": np.ones(1)})
    assert caught.value.filename == str(tmp_path / "no" / "a.npz")

"""A bundle as one file, ours and a stranger's."""

import os
import shutil
import zipfile

import pytest

from wn_gan.compare import packed
from wn_gan.compare.packed import pack, unpack, unpacked
from wn_gan.errors import UserError
from wn_gan.study.bundle import Bundle

pytestmark = pytest.mark.one_stack


@pytest.fixture
def archive(tmp_path):
    """Of two files, one in a folder."""
    run = tmp_path / "bundle" / "none_seed0"
    run.mkdir(parents=True)
    (tmp_path / "bundle" / "study.json").write_text("{}")
    (run / "metrics.jsonl").write_text("a line\n" * 1000)
    path = tmp_path / "bundle.zip"
    pack(tmp_path / "bundle", path)
    return path


def test_the_same_files_come_out(archive, tmp_path):
    unpack(archive, tmp_path / "copy")
    names = ("study.json", "none_seed0/metrics.jsonl")
    for name in names:
        ours = (tmp_path / "bundle" / name).read_text()
        assert (tmp_path / "copy" / name).read_text() == ours
    with unpacked(archive) as folder:
        assert sorted(p.name for p in folder.rglob("*.*")) == [
            "metrics.jsonl",
            "study.json",
        ]
    assert not folder.exists()
    assert archive.stat().st_size < 1000


def test_a_files_date_changes_nothing(archive, tmp_path):
    before = archive.read_bytes()
    os.utime(tmp_path / "bundle" / "study.json", (0, 0))
    pack(tmp_path / "bundle", archive)
    assert archive.read_bytes() == before


def test_an_archive_of_a_stranger_writes_nothing_outside(tmp_path):
    hostile = tmp_path / "a" / "bundle.zip"
    hostile.parent.mkdir()
    with zipfile.ZipFile(hostile, "w") as file:
        file.writestr("../../outside.txt", "x")
        file.writestr("/outside.txt", "x")
    unpack(hostile, tmp_path / "b" / "c")
    (inside,) = tmp_path.rglob("outside.txt")
    assert inside == tmp_path / "b" / "c" / "outside.txt"


def test_half_written_files_are_not_packed(archive, tmp_path):
    before = archive.read_bytes()
    (tmp_path / "bundle" / "study.json.partial-a1b2").write_text("{")
    pack(tmp_path / "bundle", archive)
    assert archive.read_bytes() == before


def test_an_archive_gives_what_a_begun_study_lacks(archive, tmp_path):
    """Copied to where the study has begun, with one run of its own."""
    bundle = Bundle(tmp_path)
    mine, theirs = (tmp_path / "bundle" / f"none_seed{i}" for i in (0, 1))
    for run in (mine, theirs):
        run.mkdir(exist_ok=True)
        (run / "config.cfg").write_text("theirs")
    bundle.pack()
    shutil.rmtree(theirs)
    (mine / "config.cfg").write_text("mine")
    bundle.restore()
    assert (mine / "config.cfg").read_text() == "mine"
    assert (theirs / "config.cfg").read_text() == "theirs"


def test_a_study_elsewhere_names_the_damaged_file(tmp_path, refused):
    (tmp_path / "bundle.zip").write_text("no archive")
    told = refused("study", study_dir=tmp_path, status=True)
    assert f"error: {tmp_path / 'bundle.zip'}: is no zip archive" in told


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "too large"])
def test_a_damaged_archive_gets_one_line(archive, damage, monkeypatch):
    data = archive.read_bytes()
    if damage == "cut":
        archive.write_bytes(data[:-30])
    elif damage == "changed":
        archive.write_bytes(data[:60] + b"\xff" * 20 + data[80:])
    elif damage == "text":
        archive.write_text("no archive")
    else:
        monkeypatch.setattr(packed, "_MOST_BYTES", 100)
    wrong = "would be 7,002" if damage == "too large" else "is no zip"
    wanted = f"^{archive}: {wrong}"
    with pytest.raises(UserError, match=wanted), unpacked(archive):
        pass

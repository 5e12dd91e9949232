"""The same command again, after a kill or in a folder that has changed."""

import fcntl
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import TINY

from wn_gan.config import Config, SearchOptions
from wn_gan.errors import UserError
from wn_gan.evaluate.superseded import supersede
from wn_gan.files import write_json
from wn_gan.generators.png_folder import write_pngs
from wn_gan.runs.failures import Failure, FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.study import single_run
from wn_gan.study.measurements import Measurement
from wn_gan.train.recovery import recover

RESULTS = ("manifest.json", "per_image.csv", "codes.npz", "summary.json")


@pytest.mark.parametrize("moves", range(len(RESULTS) + 1))
def test_a_kill_while_results_are_renamed_loses_none(
    tmp_path, monkeypatch, moves
):
    for name in RESULTS:
        write_json(tmp_path / name, {"identity": "old", "of": name})
    rename = Path.rename
    left = [moves]

    def killed(path, target):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    if moves < len(RESULTS):
        with pytest.raises(KeyboardInterrupt):
            supersede(tmp_path, "new")
    else:
        supersede(tmp_path, "new")
    monkeypatch.undo()
    # Even the old test does not take what is left for a whole result.
    supersede(tmp_path, "old" if moves else "new")
    assert not any((tmp_path / name).exists() for name in RESULTS)
    kept = [path.name for path in tmp_path.glob("superseded_*/*")]
    assert sorted(kept) == sorted(RESULTS)


def test_a_kill_while_metrics_are_copied_loses_none(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"step": 1}\n{"step": 2}\n')
    failures = FailureLog(folder.failures)
    failures.add(Failure(cause="D has won", since_step=1, step=2))
    copied = folder.failed / "1" / folder.metrics.name
    copied.parent.mkdir(parents=True)
    copied.write_text('{"st')  # of a recovery that was killed
    assert recover(Config(on_failure="restart"), folder, failures)
    assert copied.read_text() == folder.metrics.read_text()


def test_who_looks_whether_a_run_is_locked_does_not_stop_it(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.locked():
        assert folder.is_locked()
    with open(tmp_path / ".lock") as probe:
        fcntl.flock(probe, fcntl.LOCK_SH)
        assert not folder.is_locked()
        release = threading.Timer(0.1, fcntl.flock, (probe, fcntl.LOCK_UN))
        release.start()
        with folder.locked():
            assert folder.is_locked()
        release.join()


def test_a_lock_is_seen_without_permission_to_write(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    opened = []
    original = os.open

    def recorded(path, flags, *more):
        opened.append(flags)
        return original(path, flags, *more)

    with folder.locked():
        monkeypatch.setattr("wn_gan.runs.folder.os.open", recorded)
        assert folder.is_locked()
    assert opened == [os.O_RDONLY]


@pytest.mark.parametrize("name", ["split.json", "failures.json"])
@pytest.mark.parametrize("text", ['{"sha', "[1]"])
def test_a_damaged_file_is_named(tiny_run, tmp_path, refused, name, text):
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / name).write_text(text)
    told = refused("train", run_dir=tmp_path / "run", **TINY)
    assert f"{name}: cannot be read" in told


def test_sample_deletes_no_file_of_others(tmp_path):
    tmp_path = tmp_path / "images"
    tmp_path.mkdir()
    images = np.zeros((3, 4, 4, 3), np.uint8)
    (tmp_path / "000007.png").write_text("mine")
    write_pngs(tmp_path, images, first_seed=0)
    write_pngs(tmp_path, images[:2], first_seed=1)
    names = sorted(path.name for path in tmp_path.glob("*.png"))
    assert names == ["000001.png", "000002.png", "000007.png"]
    with pytest.raises(
        UserError, match="images/000007.png is not in files.json"
    ):
        write_pngs(tmp_path, images, first_seed=6)
    assert (tmp_path / "000007.png").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.glob("*.png")) == names


def test_a_list_of_files_deletes_nothing_else(tmp_path):
    """It may have come with somebody else's folder."""
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "mine.png").write_text("mine")
    (folder / "0.txt").write_text("mine")
    names = ["../mine.png", "0.txt", str(tmp_path / "mine.png"), "000009.png"]
    (folder / "files.json").write_text(json.dumps({"files": names}))
    (folder / "000009.png").write_text("of an earlier call")
    write_pngs(folder, np.zeros((1, 4, 4, 3), np.uint8), first_seed=0)
    assert (tmp_path / "mine.png").exists() and (folder / "0.txt").exists()
    assert not (folder / "000009.png").exists()


def test_a_study_tests_on_the_devices_of_its_runs(tmp_path):
    commands = []
    config = Config(
        run_dir=str(tmp_path / "run"),
        test_batch_size=7,
        strategy="mirrored",
        num_virtual_devices=2,
    )
    search = SearchOptions(evaluations=3)
    single_run.run_one(
        config,
        [Measurement(search=search)],
        lambda *words: commands.append(words) or 0,
    )
    (test,) = (words for words in commands if words[0] == "evaluate")
    for flag in (
        "--test_batch_size=7",
        "--strategy=mirrored",
        "--num_virtual_devices=2",
        "--evaluations=3",
    ):
        assert flag in test

"""The paper's flag files on the official layouts, and own photos at 160x160.

A step or two: what is tested is that nothing but the folder, the length and
the split's sizes need be said. CelebA with the networks as the paper has them,
the others with a quarter of the features, for the sake of time.
"""

import json

import pytest
from helpers.commands import ROOT, run_module

pytestmark = pytest.mark.one_stack

SHORT = {"train_steps": 2, "running_test_images": 2, "final_test_images": 3}
SMALL = {"features": "16"}


@pytest.mark.parametrize(
    "flag_file, data, more",
    [
        ("celeba_wn.cfg", "celeba", {}),
        ("lsun_wn.cfg", "lsun", SMALL),
        ("lsun_wn.cfg", None, SMALL | {"dataset": "folder:{data}/faces200"}),
    ],
    ids=["celeba", "lsun", "folder"],
)
def test_a_flag_file_trains(
    shared, tmp_path, monkeypatch, flag_file, data, more
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = SHORT | {
        name: value.format(data=shared / "data") for name, value in more.items()
    }
    if data is not None:
        options["data_dir"] = shared / "data" / data
    run = tmp_path / "run"
    result = run_module(
        "train",
        flagfile=ROOT / "flags" / flag_file,
        run_dir=run,
        **options,
    )
    assert result.returncode == 0, result.stderr
    final = json.loads((run / "final.json").read_text())
    assert final["step"] == 2 and 0 < final["best_reconstruction_loss"] < 1
    split = json.loads((run / "split.json").read_text())
    assert split["image_shape"] == [160, 160, 3]
    if data == "celeba":
        assert split["num_images"] == {
            "train": 480,
            "running_test": 2,
            "final_test": 3,
        }
        assert split["final_test_from"] == "the source's test split"


@pytest.mark.parametrize(
    "name, data",
    [
        ("cifar10", "tensorflow_datasets"),
        ("celeba", "data/celeba"),
        ("lsun", "data/lsun"),
    ],
)
def test_a_study_at_the_papers_scale_is_planned(
    shared, tmp_path, monkeypatch, name, data
):
    """One norm, an eighth of the features, tests as small as the stand-ins."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = run_module(
        "study",
        flagfile=ROOT / "flags" / f"study_paper_{name}.cfg",
        study_dir=tmp_path / "study",
        data_dir=shared / data,
        norms="weight",
        features="8",
        running_test_images=2,
        final_test_images=3,
        dry_run=True,
    )
    assert result.returncode == 0, result.stderr
    plan = "weight: 8 tuning runs and 16 runs of 100,000 steps of "
    assert plan in result.stdout
    assert "at most 24 runs: about" in result.stdout
    assert not (tmp_path / "study").exists()

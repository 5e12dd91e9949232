"""Nothing half done counts as done; every image and run where it belongs."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from helpers.compared_runs import TEST, make_run
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from wn_gan.compare.groups import grouped
from wn_gan.compare.pictures import picture_rows
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import make_rows
from wn_gan.config import Config, EvaluateOptions, FeatureOptions, SearchOptions
from wn_gan.errors import UserError
from wn_gan.evaluate.controls import sample
from wn_gan.evaluate.evaluate_run import evaluate
from wn_gan.evaluate.manifest import search_identity
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.sample.pictures import write_timeline
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import Measurement
from wn_gan.study.pictures import keep_pictures
from wn_gan.study.plan import check_runs
from wn_gan.study.single_run import run_one


@pytest.fixture
def run(tiny_run, tmp_path, monkeypatch):
    """A copy of the finished run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return RunFolder(shutil.copytree(tiny_run, tmp_path / "run"))


def options(run, **more):
    given = {"evaluations": 3, "controls": False} | more
    return EvaluateOptions(run_dir=str(run.path), **given)


def only_test(run):
    (folder,) = run.final_tests()
    return folder


def tags(run):
    """TensorBoard's tags of the run's tests, with the number of values."""
    events = EventAccumulator(str(run.test_events), {"tensors": 0})
    events.Reload()
    return {t: len(events.Tensors(t)) for t in events.Tags()["tensors"]}


def test_controls_that_came_before_the_test_are_completed(run):
    some = {"controls": True, "controls_images": 50}
    evaluate(options(run, checkpoint="last", **some))
    evaluate(options(run, **some))
    stored = json.loads((only_test(run) / "controls.json").read_text())
    assert "share_better_than_pca" in stored["controls"]
    assert "generalization_gap_ks" in stored["controls"]


def test_pairs_that_were_cut_short_are_written_again(run):
    evaluate(options(run, write_pairs=True))
    pairs = sorted((only_test(run) / "pairs").glob("*.png"))
    pairs[3].unlink()
    evaluate(options(run, write_pairs=True))
    assert sorted((only_test(run) / "pairs").glob("*.png")) == pairs


def test_some_images_are_from_all_over_the_part(run):
    """A folder may be sorted by class."""
    split = json.loads(run.split.read_text())
    evaluate(options(run, num_images=4))
    lines = (only_test(run) / "per_image.csv").read_text().splitlines()
    found = [int(line.split(",")[0]) for line in lines[1:]]
    assert found == [split["final_test"][i] for i in sample(10, 4)]
    assert found != split["final_test"][:4]


def test_each_test_has_one_place_in_tensorboard(run, tmp_path):
    evaluate(options(run))
    evaluate(options(run, evaluations=4))
    evaluate(options(run))  # done already
    assert list(tags(run).values()) == [1, 1]
    pixels = np.random.RandomState(0).randint(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels)
    evaluate(options(run, images=f"npz:{tmp_path / 'own.npz'}"))
    assert len(tags(run)) == 2


def two_sizes(folder, tiny_run):
    """Grids as an earlier version left them, and as this one does."""
    folder.mkdir(parents=True)
    (first, *_) = sorted((tiny_run / "samples").glob("*.png"))
    with Image.open(first) as grid:
        small = grid.resize((grid.width // 3, grid.height // 3))
        small.save(folder / "step_00000010.png")
    shutil.copy(first, folder / "step_00000020.png")
    return sorted(folder.glob("*.png"))


def test_grids_of_two_sizes_make_one_animation(tiny_run, tmp_path):
    grids = two_sizes(tmp_path / "a0" / "samples", tiny_run)
    write_timeline(tmp_path / "timeline.webp", grids)
    with (
        Image.open(grids[1]) as last,
        Image.open(tmp_path / "timeline.webp") as film,
    ):
        assert film.size == last.size and film.n_frames == 2
    made = make_run(tmp_path / "a0", "none", 0, [0.1])
    (row,) = picture_rows(grouped(read_results([made], None)))
    assert row["timeline"].startswith("data:image/webp;base64,")


def test_a_study_shows_the_pictures_that_there_are(tmp_path):
    """A run whose test failed has none; the others have theirs."""
    bundle = Bundle(tmp_path)
    runs = {n: str(tmp_path / n) for n in ("none", "batch")}
    configs = [Config(norm=n, run_dir=path) for n, path in runs.items()]
    make_run(bundle.folder / "none", "none", 0, [0.01, 0.02, 0.03])
    make_run(bundle.folder / "batch", "batch", 0, [0.1], protocol="other")
    pairs = tmp_path / "none" / "final_test" / TEST / "pairs"
    pairs.mkdir(parents=True)
    for i in range(3):
        Image.new("RGB", (9, 4)).save(pairs / f"{i}.png")
    keep_pictures(configs, TEST, bundle)
    shown = {p.parents[2].name for p in bundle.folder.rglob("shown.png")}
    assert shown == {"none"}


def test_features_count_by_extractor_and_number(tmp_path):
    search = SearchOptions(evaluations=5)
    test = tmp_path / "final_test" / "x"
    make_run(tmp_path, "none", 0, [0.1], protocol="x")
    manifest = {"search": search_identity(search)}
    (test / "manifest.json").write_text(json.dumps(manifest))
    (test / "features-lite0-0123456789ab-samples2048.json").write_text("{}")

    def complete(**more):
        features = FeatureOptions(feature_extractor="lite0", **more)
        wanted = Measurement(search=search, features=features)
        return wanted.is_complete(RunFolder(tmp_path))

    assert complete(feature_samples=2048)
    assert not complete(feature_samples=204)
    assert not complete(feature_samples=2048, frechet_any_size=True)
    own = FeatureOptions(feature_extractor="my.keras", feature_samples=2048)
    wanted = Measurement(search=search, features=own)
    assert not wanted.is_complete(RunFolder(tmp_path))


def test_features_of_a_collapsed_run_enter_no_mean(tmp_path):
    runs = [
        make_run(tmp_path / str(seed), "none", seed, [loss])
        for seed, loss in enumerate((0.01, 0.9))
    ]
    found = [
        dataclasses.replace(result, features={"KID (test)": number})
        for result, number in zip(
            read_results(runs, None), (0.2, 5.0), strict=True
        )
    ]
    (row,) = make_rows(grouped(found), [])
    assert row["failed or collapsed"] == 1 and row["KID (test)"] == 0.2


def test_a_study_goes_on_with_a_folder_that_has_moved(tmp_path):
    config = Config(dataset="folder:/a", run_dir=str(tmp_path / "run"))
    folder = RunFolder(config.run_dir)
    folder.path.mkdir()
    folder.config.write_text(to_flag_file(config))
    bundle = Bundle(tmp_path)
    check_runs([dataclasses.replace(config, dataset="folder:/b")], bundle)
    assert dataclasses.replace(config, dataset="folder:/b").place == "/b"
    with pytest.raises(UserError, match="--dataset=faces: the study's run"):
        check_runs([dataclasses.replace(config, dataset="faces")], bundle)


def test_runs_of_a_folder_that_has_moved_are_one_group(tmp_path):
    runs = [
        make_run(tmp_path / str(i), "none", i, [0.01], dataset=f"folder:/{i}")
        for i in range(2)
    ]
    (group,) = grouped(read_results(runs, None))
    assert group.seeds == [0, 1]


def test_the_folder_at_hand_is_a_run_folder(run, monkeypatch, run_here):
    monkeypatch.chdir(run.path)
    assert RunFolder(".").plan == run.plan
    result = run_here("runs", ".")
    assert result.returncode == 0, result.stderr


def test_a_study_tests_its_runs_on_the_data_as_they_lie_now(tmp_path):
    run = RunFolder(make_run(tmp_path / "run", "none", 0, [0.1]))
    config = Config(
        dataset="folder:/now", train_steps=20, run_dir=str(run.path)
    )
    asked = []

    def run_verb(*flags):
        asked.append(flags)
        return 0

    wanted = Measurement(search=SearchOptions(evaluations=5))
    assert run_one(config, [wanted], run_verb).startswith("tested: ")
    ((verb, *flags),) = asked
    assert verb == "evaluate" and "--data_dir=/now" in flags

"""Feature-space measures beside a final test, in comparisons, in studies."""

import json
import shutil

import keras
import numpy as np
import pytest
import scipy.stats
from helpers.commands import MIRRORED, TINY, run_module
from helpers.compared_runs import make_run, rows_of
from numpy.testing import assert_allclose
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from wn_gan.compare.features import with_features
from wn_gan.compare.groups import grouped
from wn_gan.compare.plots import features_over_steps
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import columns, to_csv
from wn_gan.config import StudyOptions
from wn_gan.errors import UserError
from wn_gan.features.frechet_distance import frechet_distance
from wn_gan.features.kernel_distance import kernel_distance
from wn_gan.generators import open_generator
from wn_gan.runs.folder import RunFolder
from wn_gan.study.measurements import final_measurements


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    """A `.keras` file: the mean of each quarter of an image."""
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.AveragePooling2D(16)(x)
    path = tmp_path_factory.mktemp("extractor") / "quarters.keras"
    keras.Model(images, keras.layers.Flatten()(x)).save(path)
    return path


@pytest.fixture
def run_dir(tiny_run, tmp_path):
    """A copy of a finished run."""
    return shutil.copytree(tiny_run, tmp_path / "run")


@pytest.fixture
def evaluate(run_here, run_dir, extractor, monkeypatch, tmp_path):
    """Tests the run, with features."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def evaluate(**options):
        defaults = {
            "run_dir": run_dir,
            "evaluations": 2,
            "controls": False,
            "feature_extractor": extractor,
            "feature_samples": 40,
        }
        result = run_here("evaluate", **defaults | options)
        assert result.returncode == 0, result.stderr
        (path,) = run_dir.glob("final_test/*/features-*.json")
        return result, json.loads(path.read_text()), path

    return evaluate


def test_the_measures_of_a_run(evaluate, run_dir):
    result, stored, path = evaluate(frechet_any_size=True)
    found = stored["measures"]
    assert stored["num_samples"] == stored["num_training_images"] == 40
    assert stored["num_test_images"] == TINY["final_test_images"]
    assert "quarters-" in stored["protocol"] and "any_size" in path.name
    assert "KID (test)" not in found  # 10 images are too few
    assert "KID (train)" in result.stdout.replace("\n", " ")
    # By hand: samples of the seeds 0 to 39, as they are saved.
    generator = open_generator(run_dir)
    samples = generator.pictures(generator.codes(0, 40))
    quarters = samples.reshape(40, 2, 16, 2, 16, 3).mean(axis=(2, 4)) / 255
    quarters = quarters.reshape(40, 12)
    cached = list(run_dir.parent.glob("cache/**/features-*.npy"))
    train = [f for f in map(np.load, cached) if len(f) == 40]
    assert len(cached) == 2 and len(train) == 1
    wanted = kernel_distance(train[0], quarters).mean
    assert_allclose(found["KID (train)"], wanted, rtol=1e-4)
    wanted = frechet_distance(train[0], quarters)
    assert_allclose(found["FD (train)"], wanted, rtol=1e-4)
    with np.load(path.parent / "codes.npz") as codes:
        z = codes["z"]
    typical = scipy.stats.chi2.cdf((z**2).sum(axis=1), z.shape[1])
    assert_allclose(found["code typicality, median"], np.median(typical))


def test_measured_once_for_one_generator(evaluate, run_dir, monkeypatch):
    _, first, path = evaluate()
    assert not any("FD" in name for name in first["measures"])
    stamp = path.stat().st_mtime_ns
    evaluate()
    assert path.stat().st_mtime_ns == stamp
    # Of another generator: kept under another name, and measured anew.
    stored = first | {"identity": "of another"}
    path.write_text(json.dumps(stored))
    _, again, _ = evaluate()
    assert again == first
    (kept,) = path.parent.glob("superseded_*/features-*.json")
    assert json.loads(kept.read_text()) == stored


def test_the_same_on_two_devices(evaluate, run_dir, extractor):
    _, alone, path = evaluate()
    shutil.rmtree(path.parent)
    result = run_module(
        "evaluate",
        *MIRRORED,
        run_dir=run_dir,
        evaluations=2,
        controls=False,
        feature_extractor=extractor,
        feature_samples=40,
    )
    assert result.returncode == 0, result.stderr
    together = json.loads(path.read_text())["measures"]
    assert together.keys() == alone["measures"].keys()
    for name, value in alone["measures"].items():
        assert_allclose(together[name], value, rtol=1e-5, err_msg=name)


def test_all_checkpoints_go_to_tensorboard(
    run_here, run_dir, extractor, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = run_here(
        "evaluate",
        run_dir=run_dir,
        checkpoint="all",
        evaluations=1,
        controls=False,
        feature_extractor=extractor,
        feature_samples=20,
    )
    assert result.returncode == 0, result.stderr
    events = EventAccumulator(str(RunFolder(run_dir).test_events))
    events.Reload()
    steps = {e.step for e in events.Tensors("features/KID (train)")}
    assert TINY["train_steps"] in steps
    assert list(run_dir.glob("final_test/*/last-moving/features-*.json"))


def test_an_extractor_is_opened_before_anything_is_measured(refused, run_dir):
    message = refused(
        "evaluate", run_dir=run_dir, feature_extractor="/nowhere.keras"
    )
    assert "--feature_extractor=/nowhere.keras" in message
    assert not (run_dir / "final_test").exists()


# In comparisons


def give_features(
    path, protocol="lite0-1-samples9", test=None, place="", step=20, **measures
):
    (folder,) = RunFolder(path).final_test.iterdir()
    folder = folder / place
    folder.mkdir(exist_ok=True)
    manifest = {"identity": "this test", "step": step}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    stored = {
        "protocol": protocol,
        "final_test": test or "this test",
        "measures": measures,
    }
    name = f"features-{protocol}.json"
    (folder / name).write_text(json.dumps(stored))


@pytest.fixture
def pair(tmp_path):
    return [
        make_run(tmp_path / "a", "none", 0, [0.02] * 4),
        make_run(tmp_path / "b", "weight", 0, [0.01] * 4),
    ]


def test_columns_where_there_are_some(pair, monkeypatch):
    monkeypatch.setattr("wn_gan.compare.results._check_current", lambda *_: 0)
    assert "KID (train)" not in columns(rows_of(pair))
    for path, kid in zip(pair, (0.5, 0.25), strict=True):
        give_features(path, **{"KID (train)": kid, "coverage (train)": 0.9})
    rows = rows_of(pair)
    assert [row["KID (train)"] for row in rows] == [0.5, 0.25]
    names = columns(rows)
    assert "coverage (train)" in names and "FD (train)" not in names
    assert to_csv(rows).splitlines()[0].split(",") == names


def test_curves_where_there_are_checkpoints(pair, tmp_path, monkeypatch):
    monkeypatch.setattr("wn_gan.compare.results._check_current", lambda *_: 0)
    for path in pair:
        give_features(path, step=20, **{"KID (train)": 0.25})
    results = with_features(read_results(pair, None))
    groups = grouped(results)
    assert features_over_steps(groups, "KID (train)") is None  # one step
    for path in pair:
        give_features(path, place="10-moving", step=10, **{"KID (train)": 0.5})
    groups = grouped(with_features(read_results(pair, None)))
    chart = features_over_steps(groups, "KID (train)").to_dict()
    points = [(p["norm"], p["x"], p["y"]) for p in chart["data"]["values"]]
    assert points == [
        ("none", 10, 0.5),
        ("none", 20, 0.25),
        ("weight", 10, 0.5),
        ("weight", 20, 0.25),
    ]
    assert features_over_steps(groups, "FD (train)") is None


def test_features_of_another_generator_are_not_shown(pair, monkeypatch):
    monkeypatch.setattr("wn_gan.compare.results._check_current", lambda *_: 0)
    for path in pair:
        give_features(path, test="an older test", **{"KID (train)": 0.5})
    results = with_features(read_results(pair, None))
    assert [r.features for r in results] == [{}, {}]


def test_protocols_of_features_are_not_mixed(pair, monkeypatch):
    monkeypatch.setattr("wn_gan.compare.results._check_current", lambda *_: 0)
    give_features(pair[0], "lite0-1-samples9", **{"KID (train)": 0.5})
    give_features(pair[1], "lite0-1-samples8", **{"KID (train)": 0.5})
    with pytest.raises(UserError, match="no protocol in common: lite0-1-sam"):
        with_features(read_results(pair, None))


def test_a_study_hands_its_options_to_each_test():
    options = StudyOptions(
        study_dir="x", feature_extractor="lite0", final_evaluations=7
    )
    flags = final_measurements(options)[0].flags(seed=0)
    assert "--evaluations=7" in flags
    assert "--feature_extractor=lite0" in flags
    assert "--feature_samples=2048" in flags

"""Results know what they are of: nothing stale comes back."""

import csv
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY, run_module
from numpy.testing import assert_allclose

from wn_gan.compare.results import read_results
from wn_gan.config import EvaluateOptions
from wn_gan.evaluate.evaluate_run import evaluate, saved_model_test
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.manifest import written_identity
from wn_gan.reconstruction import Reconstructor
from wn_gan.runs.checkpoint_file import read
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.folder import RunFolder


@pytest.fixture
def run(tiny_run, tmp_path, monkeypatch):
    """A copy of the finished run, to be tested and trained on."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(tiny_run, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def options(run, **more):
    given = {"evaluations": 3, "controls": False} | more
    return EvaluateOptions(run_dir=str(run.path), **given)


def losses(folder):
    with open(folder / "per_image.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def default_folder(run):
    (folder,) = run.final_tests()
    return folder


def move_best(run):
    """Another generator under the name of `best`, at another step."""
    best = Checkpoints(run.checkpoints)
    arrays, metadata = read(best.path("best"))
    changed = {
        k: v * 1.5 if k.startswith("generator/") else v
        for k, v in arrays.items()
    }
    from wn_gan.runs.checkpoint_file import write

    write(best.path("best"), changed, metadata | {"step": 260})


def test_a_new_best_is_tested_anew(run, capsys):
    (first,) = evaluate(options(run))
    folder = default_folder(run)
    before = losses(folder)
    move_best(run)
    (second,) = evaluate(options(run))
    assert second["provenance"]["step"] == 260 != first["provenance"]["step"]
    assert second["mean"] != first["mean"]
    told = capsys.readouterr().out
    assert "another generator, other images or another search" in told
    # The old result is renamed, not overwritten.
    assert losses(folder / "superseded_1") == before
    assert default_folder(run) == folder


def test_the_same_test_is_not_done_again(run):
    evaluate(options(run))
    folder = default_folder(run)
    times = {p: p.stat().st_mtime_ns for p in folder.rglob("*.json")}
    evaluate(options(run))
    assert times == {p: p.stat().st_mtime_ns for p in folder.rglob("*.json")}


@pytest.mark.parametrize(
    "change",
    [
        {"evaluations": 5},
        {"solver": "paper"},
        {"num_starts": 2},
        {"prior_penalty": 0.1},
    ],
)
def test_another_search_in_the_same_folder_is_done(run, tmp_path, change):
    output = str(tmp_path / "out")
    (first,) = evaluate(options(run, output=output))
    (second,) = evaluate(options(run, output=output, **change))
    assert second["protocol"] != first["protocol"]
    assert (tmp_path / "out" / "superseded_1" / "summary.json").exists()


def test_other_images_in_the_same_folder_are_tested(run, tmp_path, random):
    output = str(tmp_path / "out")
    found = []
    for name in ("one", "two"):
        images = random.integers(0, 256, (3, 32, 32, 3), np.uint8)
        np.savez(tmp_path / f"{name}.npz", images=images)
        source = f"npz:{tmp_path / name}.npz"
        found += evaluate(options(run, output=output, images=source))
    assert found[0]["mean"] != found[1]["mean"]


def save_generator(path, scale, batch=None):
    """A SavedModel: the code's sum times a scale in every pixel."""
    module = tf.Module()
    module.scale = tf.Variable(scale)

    @tf.function(input_signature=[tf.TensorSpec([batch, 2], name="z")])
    def serve(z):
        value = tf.sigmoid(module.scale * tf.reduce_sum(z, axis=1))
        ones = tf.ones([1, 4, 4, 3])
        return {"images": value[:, None, None, None] * ones}

    tf.saved_model.save(module, str(path), {"serving_default": serve})


def test_another_saved_model_at_the_same_path_is_tested(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.full((2, 4, 4, 3), 200, np.uint8))
    given = EvaluateOptions(
        saved_model=str(tmp_path / "model"),
        images=f"npz:{tmp_path / 'x.npz'}",
        output=str(tmp_path / "out"),
        evaluations=2,
    )
    identities = []
    for scale in (1.0, 2.0):
        save_generator(tmp_path / "model", scale)
        (summary,) = evaluate(given)
        identities.append(written_identity(tmp_path / "out"))
    assert identities[0] != identities[1]
    assert (tmp_path / "out" / "superseded_1").is_dir()
    assert saved_model_test(given).run() == summary


def test_a_saved_model_of_one_batch_size_is_refused(tmp_path, refused):
    save_generator(tmp_path / "model", 1.0, batch=1)
    told = refused(
        "sample", saved_model=tmp_path / "model", output=tmp_path / "out"
    )
    assert "must take one z [batch, code] of any batch" in told


def test_parts_of_another_generator_are_not_mixed_in(run, monkeypatch):
    """Interrupted at one checkpoint, resumed at another."""
    monkeypatch.setattr("wn_gan.evaluate.final_test.PART_IMAGES", 4)
    original = FinalTest._new_part

    def dies(self, first):
        if first == 8:
            raise KeyboardInterrupt
        return original(self, first)

    monkeypatch.setattr(FinalTest, "_new_part", dies)
    with pytest.raises(KeyboardInterrupt):
        evaluate(options(run))
    monkeypatch.setattr(FinalTest, "_new_part", original)
    move_best(run)
    evaluate(options(run))
    mixed = losses(default_folder(run))
    shutil.rmtree(run.final_test)
    evaluate(options(run))
    assert mixed == losses(default_folder(run))


def test_a_comparison_refuses_a_test_of_an_older_best(run, tmp_path, refused):
    evaluate(options(run))
    move_best(run)
    told = refused("compare", str(run.path), output=tmp_path / "report")
    assert (
        "its final test is of an older checkpoint; `best` is now step" in told
    )
    evaluate(options(run))
    (result,) = read_results([str(run.path)], None)
    assert result.summary["provenance"]["step"] == 260


def test_a_run_without_the_protocol_is_not_a_failed_one(run, refused):
    evaluate(options(run))
    told = refused(
        "compare", str(run.path), protocol="other", output=run.path / "report"
    )
    assert f"--protocol=other: {run.path} has no such test" in told


def test_an_upgrade_discards_nothing(run, monkeypatch):
    evaluate(options(run))
    monkeypatch.setattr(
        "wn_gan.evaluate.manifest.package_versions", lambda: {"keras": "99"}
    )
    evaluate(options(run))
    assert not list(run.final_test.rglob("superseded_*"))


def test_the_manifest_names_everything(run):
    evaluate(options(run))
    manifest = json.loads((default_folder(run) / "manifest.json").read_text())
    assert manifest["search"] == {
        "solver": "lbfgs",
        "evaluations": 3,
        "z_start": "zero",
        "num_starts": 1,
        "prior_penalty": 0.0,
    }
    assert len(manifest["generator_sha256"]) == 64
    assert len(manifest["images_sha256"]) == 64
    assert manifest["step"] in (10, 20) and manifest["batch_norm"] == "moving"
    assert manifest["versions"]["tensorflow"] == tf.__version__


def test_batch_dependent_protocols_name_the_batch(run):
    found = [
        evaluate(options(run, solver="paper_batch_mean", test_batch_size=n))[0]
        for n in (4, 10)
    ]
    assert "batch4" in found[0]["protocol_in_full"]
    assert "batch10" in found[1]["protocol_in_full"]
    assert found[0]["mean"] != found[1]["mean"]
    (alone,) = evaluate(options(run, solver="paper", test_batch_size=4))
    assert "batch4" not in alone["protocol_in_full"]


def test_controls_are_about_the_images_at_hand(run, tmp_path, random):
    """Beside --images they are not those of the run's final test."""
    images = random.integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    found = {}
    for name, more in {
        "test": {},
        "own": {
            "images": f"npz:{tmp_path / 'own.npz'}",
            "output": str(tmp_path / "out"),
        },
    }.items():
        evaluate(options(run, controls=True, **more))
        folder = tmp_path / "out" if more else default_folder(run)
        stored = json.loads((folder / "controls.json").read_text())
        found[name] = stored["controls"]
    for name in ("mean_image", "pca", "nearest_training_image"):
        assert found["own"][name] > 1.5 * found["test"][name], name
    assert found["own"]["num_control_images"] == 3


def test_controls_of_other_training_images_are_kept(run):
    """Another sample of the training images replaces no controls."""
    evaluate(options(run, controls=True))
    path = default_folder(run) / "controls.json"
    before = path.read_text()
    evaluate(options(run, controls=True, controls_images=50))
    assert path.read_text() != before
    kept = default_folder(run) / "superseded_1" / "controls.json"
    assert kept.read_text() == before


def test_controls_of_an_older_generator_are_measured_again(run):
    evaluate(options(run, controls=True))
    path = default_folder(run) / "controls.json"
    before = json.loads(path.read_text())["controls"]
    move_best(run)
    evaluate(options(run, controls=True))
    after = json.loads(path.read_text())["controls"]
    assert before["own_samples"] != after["own_samples"]
    assert before["mean_image"] == after["mean_image"]


def test_a_second_process_in_the_same_folder_is_refused(run, refused):
    import filelock

    evaluate(options(run))
    move_best(run)
    with filelock.FileLock(default_folder(run) / ".lock"):
        told = refused(
            "evaluate",
            "--nocontrols",
            run_dir=run.path,
            evaluations=3,
        )
    assert "another process is testing there" in told


# Any number of images on any number of replicas


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("solver", ["lbfgs", "paper", "paper_batch_mean"])
def test_fewer_images_than_replicas(mirrored, count, solver):
    images = np.random.default_rng(1).random((count, 4, 4, 3))
    matrix = tf.random.stateless_normal([2, 48], [1, 2])

    def generate(z):
        return tf.reshape(tf.sigmoid(z @ matrix), [-1, 4, 4, 3])

    found = []
    for scope in (tf.distribute.get_strategy(), mirrored):
        with scope.scope():
            search = Reconstructor(
                generate,
                (4, 4, 3),
                2,
                solver=solver,
                evaluations=4,
                batch_size=2,
            )
        found.append(search(np.float32(images)))
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        # Sums of float32 in another order.
        assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_running_test_of_11_images_on_two_devices(tmp_path):
    result = run_module(
        "train",
        "--strategy=mirrored",
        "--num_virtual_devices=2",
        run_dir=tmp_path / "run",
        **TINY | {"running_test_images": 11, "test_batch_size": 5},
    )
    assert result.returncode == 0, result.stderr


def test_synchronized_batch_norm_is_tested_on_replicas(tmp_path):
    flags = ["--strategy=mirrored", "--num_virtual_devices=2"]
    result = run_module(
        "train",
        *flags,
        run_dir=tmp_path / "run",
        **TINY | {"norm": "batch", "sync_batch_norm": True},
    )
    assert result.returncode == 0, result.stderr
    means = []
    for own in (flags, []):
        result = run_module(
            "evaluate",
            "--nocontrols",
            *own,
            run_dir=tmp_path / "run",
            evaluations=3,
            output=tmp_path / str(len(own)),
        )
        assert result.returncode == 0, result.stderr
        paths = sorted((tmp_path / str(len(own))).rglob("summary.json"))
        means.append([json.loads(p.read_text())["mean"] for p in paths])
    assert len(means[0]) == 3
    assert_allclose(*means, rtol=1e-4)

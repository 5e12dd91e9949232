"""The final test: protocol, resuming, the command."""

import csv
import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY, run_module
from numpy.testing import assert_allclose
from PIL import Image

from wn_gan import networks
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.interval import bootstrap_interval
from wn_gan.evaluate.manifest import Manifest
from wn_gan.evaluate.protocol import Protocol
from wn_gan.evaluate.search import protocol_of
from wn_gan.reconstruction import Reconstruction


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A finished run with batch norm."""
    path = tmp_path_factory.mktemp("runs") / "run"
    result = run_module("train", run_dir=path, **TINY | {"norm": "batch"})
    assert result.returncode == 0, result.stderr
    return path


PROTOCOL = Protocol(
    dataset="tfds:x/y",
    part_sha256="0123456789abcdef",
    num_images=250,
    image_shape=(4, 6, 3),
    resize="lanczos",
    solver="lbfgs",
    evaluations=3,
)


def test_a_protocol_is_one_word():
    word = "tfds_x_y-0123456789ab-n250-6x4x3-lanczos-lbfgs3-zero-starts1"
    assert PROTOCOL.in_full == word
    assert re.fullmatch(r"tfds_x_y-lbfgs3-n250-[0-9a-f]{8}", str(PROTOCOL))


def test_a_protocol_holds_no_path():
    words = [
        str(dataclasses.replace(PROTOCOL, dataset=f"folder:/{place}/faces"))
        for place in ("home", "mnt")
    ]
    assert words[0] == words[1] and words[0].startswith("folder-lbfgs3")


@pytest.mark.parametrize("field", dataclasses.fields(Protocol))
def test_every_part_of_a_protocol_shows(field):
    old = getattr(PROTOCOL, field.name)
    new = {str: "other", int: 7, float: 0.5, tuple: (8, 8, 1)}.get(type(old), 9)
    changed = dataclasses.replace(PROTOCOL, **{field.name: new})
    assert str(changed) != str(PROTOCOL)


def fake_search(images, first):
    """Losses that tell the image's number; counts its calls."""
    count = len(images)
    losses = (first + np.arange(count) + 1) / 1000
    curve = losses * np.array([[4.0], [3.0], [2.0], [1.0]])
    return Reconstruction(np.zeros((count, 2)), images, losses, curve)


MANIFEST = Manifest(
    generator_sha256="abc", step=7, images_sha256="def", search={"solver": "x"}
)


def final_test(folder, search=fake_search, manifest=MANIFEST):
    targets = np.random.default_rng(0).integers(0, 256, (250, 4, 6, 3))
    ids = [f"{i:06}" for i in range(250)]
    return FinalTest(
        folder, PROTOCOL, manifest, {}, np.uint8(targets), ids, search
    )


def test_results_are_assembled(tmp_path):
    test = final_test(tmp_path)
    summary = test.run()
    assert not (tmp_path / "pairs").exists()
    test.write_pairs = True
    assert test.run() == summary | {"seconds": pytest.approx(0, abs=10)}
    assert summary["mean"] == pytest.approx(0.1255)
    assert summary["median"] == pytest.approx(0.1255)
    low, high = summary["interval_95"]
    # The mean's standard error is 0.0722 / sqrt(250); 1.96 of it each side.
    assert_allclose([low, high], 0.1255 + np.array([-1, 1]) * 0.00895, 0.01)
    assert_allclose(summary["curve"], 0.1255 * np.array([4, 3, 2, 1]))
    with open(tmp_path / "per_image.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["image"] for r in rows[:2]] == ["000000", "000001"]
    assert float(rows[249]["loss"]) == 0.25
    assert len(list((tmp_path / "pairs").iterdir())) == 250
    with Image.open(tmp_path / "pairs" / "000007.png") as pair:
        assert pair.size == (13, 4)
    assert not (tmp_path / "parts").exists()


def test_what_is_done_is_not_done_again(tmp_path):
    whole = final_test(tmp_path / "whole").run()
    asked = []

    def dies_at_200(images, first):
        asked.append(first)
        if first == 200 and asked.count(200) == 1:
            raise KeyboardInterrupt
        return fake_search(images, first)

    test = final_test(tmp_path / "again", dies_at_200)
    with pytest.raises(KeyboardInterrupt):
        test.run()
    # A part that a kill left torn is done again.
    torn = tmp_path / "again" / "parts" / "part_000100.npz"
    torn.write_bytes(torn.read_bytes()[:100])
    summary = test.run()
    assert asked == [0, 100, 200, 100, 200]
    assert summary["mean"] == whole["mean"]
    test.run()
    assert len(asked) == 5


def test_bootstrap_interval_of_one_value():
    assert bootstrap_interval(np.array([0.5])) == (0.5, 0.5)


# The command


def test_the_average_is_tested_on_request(
    run_dir, tmp_path, monkeypatch, run_here, refused
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    run = tmp_path / "run"
    options = TINY | {"g_ema_decay": 0.9}
    assert run_module("train", run_dir=run, **options).returncode == 0
    means = {}
    controls = []
    for average in ("false", "true"):
        result = run_here(
            "evaluate", run_dir=run, evaluations=5, average=average
        )
        assert result.returncode == 0, result.stderr
        found = sorted((run / "final_test").rglob("controls.json"))
        controls.append({path: path.read_text() for path in found})
    # Those of the average lie beside its results.
    assert len(controls[0]) == 1 and len(controls[1]) == 2
    assert controls[0].items() <= controls[1].items()
    (folder,) = (run / "final_test").iterdir()
    for name in ("", "best-moving-average"):
        summary = json.loads((folder / name / "summary.json").read_text())
        assert summary["provenance"]["average"] == bool(name)
        means[name] = summary["mean"]
    assert means[""] != means["best-moving-average"]
    told = refused("evaluate", run_dir=run_dir, average="true")
    assert "--average=True: the run keeps none" in told


def test_the_command(run_dir, tmp_path, monkeypatch, run_here):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run_module("evaluate", run_dir=run_dir, evaluations=5)
    assert result.returncode == 0, result.stderr
    (folder,) = (run_dir / "final_test").iterdir()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["protocol"] == folder.name
    assert "-32x32x3-lanczos-lbfgs5-" in summary["protocol_in_full"]
    assert summary["num_images"] == 10 and summary["evaluations"] == 5
    assert summary["provenance"]["checkpoint"] == "best"
    assert summary["provenance"]["batch_norm"] == "moving"
    controls = json.loads((folder / "controls.json").read_text())["controls"]
    assert {name for name in controls if not name.startswith("num_")} == {
        "mean_image",
        "pca",
        "nearest_training_image",
        "untrained_generator",
        "own_samples",
        "training_images",
        "share_better_than_pca",
        "generalization_gap_ks",
        "generalization_gap_p",
    }
    assert 0 <= controls["share_better_than_pca"] <= 1
    assert 0 < controls["generalization_gap_p"] <= 1
    for mode in ("moving", "standing", "batch"):
        assert f"{mode} statistics" in result.stdout
    assert (folder / "best-standing" / "summary.json").exists()
    # With a batch's own statistics the codes of a batch belong together.
    of_batch = json.loads((folder / "best-batch/summary.json").read_text())
    assert of_batch["mean"] == pytest.approx(of_batch["curve"][-1], rel=1e-5)
    with open(folder / "per_image.csv", newline="") as file:
        losses = [float(r["loss"]) for r in csv.DictReader(file)]
    assert np.mean(losses) == pytest.approx(summary["mean"])
    before = (folder / "summary.json").stat().st_mtime_ns
    again = run_here("evaluate", run_dir=run_dir, evaluations=5)
    assert again.returncode == 0
    assert (folder / "summary.json").stat().st_mtime_ns == before


def test_all_checkpoints_and_own_images(run_dir, tmp_path, random, run_here):
    images = random.integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    result = run_here(
        "evaluate",
        "--nocontrols",
        run_dir=run_dir,
        checkpoint="all",
        solver="paper",
        evaluations=2,
        images=f"npz:{tmp_path / 'own.npz'}",
        output=tmp_path / "out",
    )
    assert result.returncode == 0, result.stderr
    found = {p.parent.name for p in (tmp_path / "out").rglob("summary.json")}
    assert {"out", "last-moving", "best-batch", "last-standing"} <= found


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    """Somebody else's generator."""
    path = str(tmp_path_factory.mktemp("models") / "generator")
    generator = networks.build_generator("none", 8, 8, code_size=4, features=2)
    module = tf.Module()
    module.generator = generator
    spec = tf.TensorSpec([None, 4], tf.float32, name="z")
    serve = tf.function(
        lambda z: {"images": generator(z)}, input_signature=[spec]
    )
    tf.saved_model.save(module, path, {"serving_default": serve})
    return path


def test_a_model_and_its_run_are_tested_on_the_same_sample(
    run_dir, tmp_path, random, run_here
):
    """The same seeded sample of one's own images, not the first ones."""
    images = random.integers(0, 256, (12, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    flags = {"images": f"npz:{tmp_path / 'own.npz'}", "num_images": 5}
    flags |= {"evaluations": 1, "controls": False}
    model = tmp_path / "model"
    exported = run_here("export", run_dir=run_dir, output=model, evaluations=1)
    assert exported.returncode == 0, exported.stderr
    names = []
    for source in ({"run_dir": run_dir}, {"saved_model": model}):
        (name,) = source
        told = run_here("evaluate", output=tmp_path / name, **source, **flags)
        assert told.returncode == 0, told.stderr
        table = (tmp_path / name / "per_image.csv").read_text().splitlines()
        names.append([line.split(",")[0] for line in table[1:]])
    assert names[0] == names[1] != [f"{i:06}" for i in range(5)]


@pytest.mark.parametrize("damage", ["cut", "changed", "no index"])
def test_a_damaged_model_gets_one_line(saved_model, tmp_path, refused, damage):
    model = shutil.copytree(saved_model, tmp_path / "model")
    (weights,) = (model / "variables").glob("*.data*")
    (index,) = (model / "variables").glob("*.index")
    content = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        weights.write_bytes(bytes(b ^ 255 for b in content))
    else:
        index.write_bytes(index.read_bytes()[:20])
    told = refused("sample", saved_model=model, output=tmp_path / "out")
    assert f"--saved_model={model}: " in told and "damaged" in told


def test_other_peoples_generators(
    saved_model, tmp_path, random, run_here, refused
):
    images = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    options = {
        "saved_model": saved_model,
        "images": f"npz:{tmp_path / 'own.npz'}",
        "output": tmp_path / "out",
        "evaluations": 3,
    }
    result = run_here("evaluate", **options)
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["provenance"] == {"saved_model": saved_model}
    np.savez(tmp_path / "own.npz", images=images[:, :6])
    told = refused("evaluate", **options | {"output": tmp_path / "no"})
    assert "images of 6x8x3; this generator makes 8x8x3" in told


@pytest.mark.parametrize(
    "options, message",
    [
        ({"checkpoint": "step_3"}, "--checkpoint=step_3: "),
        ({"solver": "adam"}, "--solver=adam: must be one of lbfgs"),
        ({"evaluations": 0}, "--evaluations=0: must be at least 1"),
        ({"z_start": "one"}, "--z_start=one: must be one of zero, ridge"),
        ({"images": "npz:/no.npz"}, "npz:/no.npz: cannot be read"),
        ({"images": "x"}, "--images=x: must be folder:<path>, zip:<path> or"),
        ({"images": "folder:/no"}, "no such folder"),
    ],
)
def test_bad_input(run_dir, tmp_path, refused, options, message):
    output = tmp_path / "out"
    told = refused("evaluate", run_dir=run_dir, output=output, **options)
    assert message in told
    assert not output.exists()


def test_a_run_without_checkpoints(run_dir, tmp_path, refused):
    shutil.copytree(run_dir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    assert "has none" in refused("evaluate", run_dir=tmp_path / "run")
    assert "holds no run" in refused("evaluate", run_dir=tmp_path)


def test_protocols_tell_images_apart(random):
    from wn_gan.config import SearchOptions

    images = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    first = protocol_of(images, "x", SearchOptions())
    images[0, 0, 0, 0] += 1
    assert str(protocol_of(images, "x", SearchOptions())) != str(first)

"""Exported generators: as the checkpoint, plain, whole or not there."""

import json
import shutil
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from helpers.commands import TINY, run_module
from tensorflow.core.protobuf import saved_model_pb2

from wn_gan import keras_compat
from wn_gan.config import NORMS, Config
from wn_gan.errors import UserError, VerificationFailed
from wn_gan.export.c_loader import CModel, LoadError
from wn_gan.export.export_run import save
from wn_gan.export.model_card import model_card
from wn_gan.export.served import ServedGenerator
from wn_gan.export.serving_files import example_inputs, write_warmup
from wn_gan.export.verify import run_in_c, signature_tensors, verify
from wn_gan.export.versions import new_version
from wn_gan.gan.building import build_gan
from wn_gan.generators import open_generator
from wn_gan.generators.codes import draw_codes
from wn_gan.runs.trained_run import open_trained_run

SOME = {"weight", "batch", "layer"}
NORMALIZING = {"Rsqrt", "Sqrt", "FusedBatchNormV3", "Mean", "L2Loss", "PyFunc"}


def moved_gan(norm="weight", **options):
    """A GAN whose weights and statistics are no longer the initial ones."""
    resnet = options.get("architecture") == "resnet"
    sizes = {"features": (4, 6)} if resnet else {}
    options = TINY | {"norm": norm} | options | sizes
    gan = build_gan(Config(**options), (8, 8, 3))
    images = np.random.default_rng(0).random((8, 8, 8, 3))
    for _ in range(3):
        gan.train_step(tf.constant(images, tf.float32))
    return gan


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder of a SavedModel, what was saved, and its GAN."""
    model = tmp_path_factory.mktemp("exported") / "model" / "1"
    gan = moved_gan()
    served = ServedGenerator(gan.generator, evaluations=5)
    save(served, model)
    return model, served, gan


def operations(model, signature):
    """The kinds of operations that a signature runs."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((model / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    bodies = {f.signature.name: f for f in graph.graph_def.library.function}
    (start,) = (n for n in bodies if n.startswith(f"__inference_{signature}_"))
    found, left = set(), [start]
    while left:
        for node in bodies[left.pop()].node_def:
            found.add(node.op)
            called = node.attr["f"].func.name
            left += [called] if called in bodies else []
    return found


@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
@pytest.mark.parametrize(
    "norm",
    [
        n if n in SOME else pytest.param(n, marks=pytest.mark.slow)
        for n in NORMS
    ],
)
def test_the_c_loader_gives_what_the_checkpoint_gives(
    tmp_path, norm, architecture
):
    """Every signature, batches of 1 and 3, within 1e-5; and no norm left."""
    gan = moved_gan(norm, architecture=architecture)
    served = ServedGenerator(gan.generator, evaluations=5)
    save(served, tmp_path / "1")
    found = verify(tmp_path / "1", served, gan.generator, "float32")
    assert found.keys() == {"serving_default", "sample", "png", "reconstruct"}
    used = operations(tmp_path / "1", "generate")
    assert used & {"Conv2DBackpropInput"}
    if norm not in ("layer", "instance", "group"):
        assert not used & NORMALIZING


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_the_bytes(tmp_path, exported, dtype):
    _, _, gan = exported
    served = ServedGenerator(gan.generator, dtype, evaluations=5)
    save(served, tmp_path / "1")
    found = verify(tmp_path / "1", served, gan.generator, dtype)
    assert 0 < found["serving_default"] < 3e-2
    sizes = [
        sum(p.stat().st_size for p in (m / "variables").glob("*.data*"))
        for m in (tmp_path / "1", exported[0])
    ]
    numbers = sum(int(np.prod(w.shape)) for w in served.weights)
    assert sizes[1] - sizes[0] == 2 * numbers


def test_another_model_does_not_pass(exported):
    model, served, gan = exported
    bias = gan.generator.trainable_variables[-1]
    kept = tf.convert_to_tensor(bias)
    bias.assign_add(tf.fill(bias.shape, 1e-3))
    with pytest.raises(VerificationFailed, match="differs from the checkpoint"):
        verify(model, served, gan.generator, "float32")
    bias.assign(kept)


def test_a_code_of_another_width_is_refused_by_the_graph(exported):
    model, _, _ = exported
    ((_, name),), ((_, images),) = (
        side.items() for side in signature_tensors(model)["serving_default"]
    )
    loaded = CModel(model)
    with pytest.raises(LoadError, match=r"z must be \[batch, 8\], has a width"):
        loaded.run({name: np.zeros((2, 7), np.float32)}, [images])


def test_a_sample_is_its_seed_s_alone(exported):
    """Alone or in a batch: so that a server may put requests together."""
    model, _, _ = exported
    seeds, cuts = np.array([5, 9, 5]), np.float32([0.5, 9, 0.5])
    asked = [
        {"sample": {"seed": seeds[:n], "truncation": cuts[:n]}} for n in (1, 3)
    ]
    alone, together = (x["sample"]["images"] for x in run_in_c(model, asked))
    np.testing.assert_allclose(alone[0], together[0], atol=1e-6)
    np.testing.assert_array_equal(together[0], together[2])
    assert np.abs(together[1] - together[0]).max() > 1e-3


@pytest.mark.parametrize("limit", [0.5, 2.0, 1e9])
def test_codes_are_normal_within_the_truncation(limit):
    """Mean and deviation of the truncated normal distribution, 5 sigma."""
    import scipy.stats

    count = 2000
    codes = draw_codes(
        tf.range(count, dtype=tf.int64), tf.fill([count], np.float32(limit)), 16
    ).numpy()
    assert np.isfinite(codes).all() and np.abs(codes).max() <= limit
    expected = scipy.stats.truncnorm(-min(limit, 20), min(limit, 20)).std()
    assert abs(codes.mean()) < 5 * expected / np.sqrt(codes.size)
    assert abs(codes.std() / expected - 1) < 5 / np.sqrt(codes.size)


def test_openvino_reads_it(exported):
    """An independent reader of SavedModels gives the same images."""
    openvino = pytest.importorskip("openvino")
    model, served, _ = exported
    z = example_inputs(served, 3)["serving_default"]["z"]
    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # or bfloat16 where it can
    compiled = openvino.compile_model(
        openvino.Core().read_model(model), "CPU", exact
    )
    (found,) = compiled({"z": z}).values()
    expected = served.generate(tf.constant(z))["images"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_warm_up_is_what_a_server_can_replay(exported):
    """Official protos; each request runs in the C loader."""
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import prediction_log_pb2

    model, served, _ = exported
    assert write_warmup(served, model, "faces")
    path = model / "assets.extra" / "tf_serving_warmup_requests"
    loaded, tensors, replayed = CModel(model), signature_tensors(model), []
    for record in tf.compat.v1.io.tf_record_iterator(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        assert request.model_spec.name == "faces"
        signature = request.model_spec.signature_name
        fed, fetched = tensors[signature]
        inputs = {
            fed[key]: tf.make_ndarray(tensor)
            for key, tensor in request.inputs.items()
        }
        for output in loaded.run(inputs, list(fetched.values())):
            assert len(output) == 1
        replayed.append(signature)
    assert sorted(replayed) == sorted(tensors)


# Versions


def test_versions_are_whole_or_not_there(tmp_path):
    output = tmp_path / "faces"
    for number in (1, 2):
        with new_version(output) as model:
            model.mkdir()
            assert not (output / str(number)).exists()
        assert (output / str(number)).is_dir()
    with pytest.raises(ZeroDivisionError), new_version(output) as model:
        model.mkdir()
        raise ZeroDivisionError
    assert sorted(p.name for p in output.iterdir()) == [".lock", "1", "2"]
    (output / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds something else"):
        with new_version(output):
            pass


def test_two_exports_wait_for_each_other(tmp_path, capsys):
    """The second begins when the first is whole, and gets its own number."""
    output, order = tmp_path / "faces", []
    inside = threading.Event()

    def export(name, seconds):
        with new_version(output) as model:
            order.append(f"{name} begins")
            inside.set()
            model.mkdir()
            time.sleep(seconds)
            (model / name).write_text("whole")
            order.append(f"{name} ends")

    first = threading.Thread(target=export, args=("a", 0.5))
    first.start()
    inside.wait()
    export("b", 0)
    first.join()
    assert order == ["a begins", "a ends", "b begins", "b ends"]
    assert "waiting: another process exports into" in capsys.readouterr().out
    assert [(output / n / x).exists() for n, x in (("1", "a"), ("2", "b"))] == [
        True,
        True,
    ]


def test_what_a_killed_export_left_is_no_stranger(tmp_path):
    output = tmp_path / "faces"
    (output / "3.partial").mkdir(parents=True)
    (output / "generator.onnx.partial-a1b2").write_bytes(b"half")
    with new_version(output) as model:
        model.mkdir()
    assert (output / "1").is_dir()


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_run_in_mixed_precision_is_exported_in_float32(
    tmp_path, run_here, precision
):
    run, model = tmp_path / "run", tmp_path / "model"
    trained = run_here("train", run_dir=run, **TINY, precision=precision)
    assert trained.returncode == 0, trained.stderr
    formats = "saved_model,keras" if keras_compat.KERAS_3 else "saved_model"
    told = run_here(
        "export", run_dir=run, output=model, evaluations=1, formats=formats
    )
    assert told.returncode == 0, told.stderr
    assert "serving_default: as the checkpoint within" in told.stdout


def test_the_card_names_the_software_of_training_and_of_export(
    tiny_run, tmp_path
):
    run = open_trained_run(shutil.copytree(tiny_run, tmp_path / "run"))
    path = run.folder.environment
    last = json.loads(path.read_text())
    earlier = [last | {"git_revision": "first"}]
    path.write_text(
        json.dumps(last | {"git_revision": "second", "earlier": earlier})
    )
    card = model_card(run, "last", 20, False, "float32", "abc")
    lines = card.split("## Made with")[1].split("##")[0].strip().splitlines()
    assert [line.split(";")[0] for line in lines[:2]] == [
        "- trained with revision first",
        "- trained with revision second",
    ]
    assert lines[2].startswith("- exported with revision ")


def test_the_card_parts_held_out_from_other_images(tiny_run, tmp_path):
    """Scores on images that a user brought are no held-out scores."""
    run = open_trained_run(shutil.copytree(tiny_run, tmp_path / "run"))
    for name, images in (("own", None), ("photos", "folder:my/photos")):
        test = run.folder.final_test / name
        test.mkdir(parents=True)
        provenance = {"images": images, "step": 20, "batch_norm": "moving"}
        summary = {"mean": 0.5, "interval_95": [0.4, 0.6], "protocol": name}
        summary["provenance"] = provenance
        (test / "summary.json").write_text(json.dumps(summary))
        (test / "manifest.json").write_text('{"generator_sha256": "abc"}')
    card = model_card(run, "last", 20, False, "float32", "abc")
    held_out, others = card.split("On other images, which no run held out:")
    assert "- final test: 0.50000 (0.40000 to 0.60000)" in held_out
    assert "`own`" in held_out and "`photos`" not in held_out
    assert "`photos`" in others.split("##")[0]


# The command


def test_the_command_exports_and_verifies(tiny_run, tmp_path):
    output = tmp_path / "faces"
    options = {"run_dir": tiny_run, "output": output, "checkpoint": "last"}
    result = run_module("export", evaluations=5, **options)
    assert result.returncode == 0, result.stderr
    assert "serving_default: as the checkpoint within" in result.stdout
    card = (output / "1" / "assets" / "model_card.md").read_text()
    lines = (tiny_run / "metrics.jsonl").read_text().splitlines()
    loss = json.loads(lines[-1])["reconstruction_loss"]
    assert f"running test: {loss:.5f}" in card
    assert "CC0" in card and str(tiny_run) not in card
    config_pb2 = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2"
    )
    config = text_format.Parse(
        (output / "models.config").read_text(), config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("faces", "/models/faces")


def test_what_is_there_can_be_verified_again(tiny_run, tmp_path, run_here):
    """Exit status 5 and untouched if it is no longer the checkpoint's."""
    output = tmp_path / "faces"
    asked = {"run_dir": tiny_run, "output": output, "checkpoint": "last"}
    first = run_here("export", evaluations=5, **asked)
    (weights,) = (output / "1").rglob("variables.data*")
    content = weights.read_bytes()
    again = run_here("export", verify_only=True, **asked)
    assert (first.returncode, again.returncode) == (0, 0)
    assert f"{output / '1'}: step 20" in again.stdout
    assert "png: as the checkpoint within" in again.stdout
    weights.write_bytes(bytes(len(content)))
    assert run_here("export", verify_only=True, **asked).returncode == 5
    assert [p.name for p in output.iterdir() if p.is_dir()] == ["1"]


def test_bad_input_is_one_line(tiny_run, tmp_path, refused):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")
    good = {"run_dir": tiny_run, "output": tmp_path / "new"}
    for change, message in [
        ({"checkpoint": "7"}, "--checkpoint=step_00000007: "),
        ({"run_dir": tmp_path / "none"}, "holds no run"),
        ({"output": tmp_path / "other"}, "holds something else"),
        ({"dtype": "float8"}, "--dtype=float8"),
        ({"verify_only": True}, "holds no exported version"),
    ]:
        assert message in refused("export", **good | change)
        assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def averaged_run(tmp_path_factory):
    """A batch-normalized run with an average that lags behind its weights."""
    folder = tmp_path_factory.mktemp("averaged") / "run"
    options = TINY | {"norm": "batch", "g_ema_decay": 0.98}
    options |= {"g_learning_rate": 5e-3, "train_steps": 60}
    result = run_module("train", run_dir=folder, **options)
    assert result.returncode == 0, result.stderr
    return folder


def spread_of(images):
    return np.asarray(images).std(axis=0).mean()


def test_an_average_has_its_own_batch_norm_statistics(averaged_run, tmp_path):
    """Not those of the raw weights: as spread as with batch statistics."""
    folder = tmp_path / "run"
    shutil.copytree(averaged_run, folder)
    run = open_trained_run(folder)
    generator = run.untrained_generator()
    run.restore(generator, "last", average=True)
    z = tf.random.stateless_normal([200, 8], [3, 4])
    expected = spread_of(generator(z, training=True))
    run.restore(generator, "last", average=True)
    found = spread_of(generator(z))
    run.checkpoints.restore("last", {"generator": generator}, average=True)
    with_raw_statistics = spread_of(generator(z))
    assert abs(found / expected - 1) < 0.1
    assert abs(with_raw_statistics / expected - 1) > 0.2
    # They are stored, and read again.
    (stored,) = (folder / "average_statistics").glob("*.npz")
    before = stored.stat().st_mtime_ns
    assert spread_of(open_generator(folder, "last", True)(z)) == pytest.approx(
        found, rel=1e-5
    )
    assert stored.stat().st_mtime_ns == before


def test_wrong_statistics_of_an_average_do_not_pass(
    averaged_run, tmp_path, monkeypatch, run_here
):
    """The model and the checkpoint share the fault; the check does not."""
    options = {"run_dir": averaged_run, "checkpoint": "last", "average": True}
    result = run_here("export", output=tmp_path / "right", **options)
    assert result.returncode == 0, result.stderr
    monkeypatch.setattr(
        "wn_gan.runs.trained_run.set_average_statistics", lambda *_: None
    )
    result = run_here("export", output=tmp_path / "wrong", **options)
    assert result.returncode == 5
    assert "statistics are not those of these weights" in result.stderr
    assert not (tmp_path / "wrong" / "1").exists()


def test_an_export_can_be_differentiated_in_a_fresh_process(
    tiny_run, tmp_path, random
):
    """Its rectifiers have gradients of their own, saved with the graph."""
    output = tmp_path / "model"
    result = run_module("export", run_dir=tiny_run, output=output)
    assert result.returncode == 0, result.stderr
    images = random.integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    shared = {"images": f"npz:{tmp_path / 'own.npz'}", "evaluations": 20}
    means = []
    for source in ({"saved_model": output}, {"run_dir": tiny_run}):
        folder = tmp_path / next(iter(source))
        result = run_module(
            "evaluate", "--nocontrols", output=folder, **source, **shared
        )
        assert result.returncode == 0, result.stderr
        summary = json.loads((folder / "summary.json").read_text())
        means.append(summary["mean"])
    # Twenty evaluations amplify float32's roundings.
    np.testing.assert_allclose(means[0], means[1], rtol=1e-3)

"""Extractors: what they compute, what they refuse, what they keep."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import ROOT
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan.errors import UserError
from wn_gan.features import extractor as extractors
from wn_gan.features.extractor import Extractor, open_extractor
from wn_gan.features.extractor_choice import PACKAGE
from wn_gan.features.image_features import as_input, image_features
from wn_gan.features.perceptual import perceptual_distances
from wn_gan.progress import Progress

GOLDEN = ROOT / "tests" / "golden" / "lite0_features.npz"
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None,
    reason=f"the package {PACKAGE} is not installed",
)


@pytest.fixture(scope="module")
def lite0():
    return open_extractor("lite0")


@needs_weights
def test_lite0_equals_a_torch_forward_pass(lite0):
    """Values of benchmarks/lite0_torch.py, from the same weights."""
    golden = np.load(GOLDEN)
    network = extractors.build_lite0(extractors.weights_path())
    features, *layers = network(golden["inputs"], training=False)
    scale = np.abs(golden["features"]).max()
    assert_allclose(features, golden["features"], atol=1e-4 * scale)
    assert [layer.shape[1] for layer in layers] == [112, 56, 28, 14, 7]
    assert lite0.word == "lite0-" + lite0.sha256[:12]


@needs_weights
def test_perceptual_distance_sees_what_pixels_do_not(lite0, random):
    """A shift of one pixel costs pixels more than noise, features less."""
    coarse = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    images = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    assert_allclose(perceptual_distances(lite0, images, images), 0, atol=1e-5)
    gray = np.full_like(images, 127)
    slight = np.clip(images.astype(int) + 3, 0, 255).astype(np.uint8)
    near = perceptual_distances(lite0, images, slight)
    far = perceptual_distances(lite0, images, gray)
    assert (near < far / 5).all() and (far < 4).all()


def small_model(outputs="features"):
    images = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Conv2D(5, 3, activation="relu")(x)
    if outputs == "features":
        x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, x)


@pytest.fixture
def images(random):
    return random.integers(0, 256, (23, 8, 8, 3), np.uint8)


@pytest.fixture
def keras_file(tmp_path):
    keras.utils.set_random_seed(3)
    path = tmp_path / "small.keras"
    small_model().save(path)
    return path


def frozen_graph(path):
    """A graph with the names of the Inception graph of 2015."""
    graph = tf.Graph()
    with graph.as_default():
        images = tf.compat.v1.placeholder(
            tf.float32, [1, None, None, 3], "ExpandDims"
        )
        size = tf.constant([6, 6])
        resized = tf.compat.v1.image.resize_bilinear(images, size)
        scaled = (resized - 128.0) / 128.0
        pooled = tf.reduce_mean(scaled, [1, 2], keepdims=True)
        tf.identity(pooled, "pool_3")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def test_a_keras_file_a_saved_model_and_a_graph(keras_file, tmp_path, images):
    model = keras.models.load_model(keras_file)
    wanted = model(images.astype(np.float32))
    module = tf.Module()
    module.model = model
    serve = tf.function(
        lambda images: {"features": model(images, training=False)},
        input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32)],
    )
    tf.saved_model.save(
        module, tmp_path / "saved", signatures={"serving_default": serve}
    )
    for path in (keras_file, tmp_path / "saved"):
        found = open_extractor(str(path))
        assert_allclose(found.features(as_input(images)), wanted, rtol=1e-5)
        assert found.name == path.stem and found.layers is None
    graph = open_extractor(str(frozen_graph(tmp_path / "graph.pb")))
    means = tf.compat.v1.image.resize_bilinear(as_input(images), [6, 6])
    wanted = tf.reduce_mean((means - 128) / 128, [1, 2])
    assert_allclose(
        graph.features(as_input(images)), wanted, rtol=1e-5, atol=1e-6
    )


def test_only_the_known_graph_gives_fid(tmp_path, monkeypatch):
    found = open_extractor(str(frozen_graph(tmp_path / "graph.pb")))
    assert found.frechet_name == "FD"
    assert extractors.FID_GRAPH_SHA256 == ""  # none has been entered yet
    monkeypatch.setattr(extractors, "FID_GRAPH_SHA256", found.sha256)
    assert found.frechet_name == "FID"


def write_bad(kind, folder):
    path = folder / f"bad.{kind.split()[0]}"
    if kind == "pb of another graph":
        graph = tf.Graph()
        with graph.as_default():
            tf.constant(1.0, name="one")
        path.write_bytes(graph.as_graph_def().SerializeToString())
    elif kind == "keras of images":
        small_model("images").save(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"not a network")
    return path


@pytest.mark.parametrize(
    "kind",
    ["pb", "pb of another graph", "keras", "keras of images", "folder", "txt"],
)
def test_bad_files_are_refused_in_one_line(kind, tmp_path):
    path = write_bad(kind, tmp_path)
    with pytest.raises(UserError, match="--feature_extractor=.*bad") as caught:
        open_extractor(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused():
    with pytest.raises(UserError, match="there is no such file; must be none"):
        open_extractor("/nowhere/at/all.keras")


@needs_weights
def test_weights_of_another_network_are_refused(monkeypatch):
    weights = extractors.weights_path()
    monkeypatch.setattr(
        "wn_gan.features.lite0.read_torch_file", lambda _: {"a": np.zeros(3)}
    )
    with pytest.raises(UserError, match="holds no EfficientNet-Lite0"):
        extractors.build_lite0(weights)


def test_features_do_not_depend_on_the_batch(
    keras_file, images, tmp_path, monkeypatch
):
    extractor = open_extractor(str(keras_file))
    found = []
    for size in (50, 4):
        monkeypatch.setattr("wn_gan.features.image_features.BATCH", size)
        found.append(
            image_features(
                extractor,
                lambda rows: images[rows],
                len(images),
                "hash",
                tmp_path / str(size),
                Progress(len(images), "images", shown=False),
            )
        )
    assert_allclose(found[0], found[1], rtol=1e-5)
    assert isinstance(found[0], np.memmap)


def test_features_are_computed_once(images, tmp_path):
    calls = []

    def features(batch):
        calls.append(len(batch))
        return tf.reduce_mean(batch, [1, 2])

    def of(sha256, images_sha256):
        return image_features(
            Extractor("mean", sha256, features),
            lambda rows: images[rows],
            len(images),
            images_sha256,
            tmp_path,
            Progress(len(images), "images", shown=False),
        )

    first = of("extractor", "images")
    assert_array_equal(of("extractor", "images"), first)
    assert calls == [23]
    of("another extractor", "images")
    of("extractor", "other images")
    assert calls == [23] * 3


def test_gray_images_get_three_equal_channels(images):
    found = as_input(images[..., :1]).numpy()
    assert found.shape == (23, 8, 8, 3)
    assert_array_equal(found, np.repeat(images[..., :1], 3, axis=-1))

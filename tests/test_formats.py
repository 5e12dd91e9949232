"""Exports as .keras, ONNX and TFLite: the same images elsewhere."""

import importlib.util
import subprocess
import sys

import keras
import numpy as np
import pytest

from wn_gan import keras_compat, networks
from wn_gan.errors import VerificationFailed
from wn_gan.export import formats
from wn_gan.networks import resnet
from wn_gan.networks.stock import stock

pytestmark = pytest.mark.skipif(
    not keras_compat.KERAS_3, reason="the formats need Keras 3"
)
KINDS = ("keras", "onnx", "tflite")
# Opens a .keras file where neither this package nor TensorFlow can be found.
ELSEWHERE = """
import os, sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in ("wn_gan", "tensorflow"):
            return self.finder.find_spec(name, path, target)
sys.meta_path = [Without(finder) for finder in sys.meta_path]
import keras, numpy as np
assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
codes = np.load(sys.argv[2])
images = keras.models.load_model(sys.argv[1])(codes, training=False)
np.save(sys.argv[3], keras.ops.convert_to_numpy(images))
assert not {"tensorflow", "wn_gan"} & set(sys.modules)
"""


def shaken(generator):
    """Weights that are all different, slopes beyond [0, 1] among them."""
    random = np.random.RandomState(0)
    generator.set_weights(
        [
            w + 0.5 * random.standard_normal(w.shape) if w.ndim else w
            for w in generator.get_weights()
        ]
    )
    return generator


def generators():
    for norm in ("none", "batch", "weight", "weight_affine", "group"):
        yield norm, networks.build_generator(norm, 16, 24, features=4)
    yield (
        "resnet",
        resnet.build_generator(
            "weight", 30, 20, features=(4, 6), blocks=(1, 2), code_size=8
        ),
    )


@pytest.mark.parametrize("name, generator", list(generators()))
def test_stock_layers_make_the_same_images(name, generator):
    """At borders too, where a shift moved into a bias would show."""
    shaken(generator)
    codes = np.random.RandomState(1).standard_normal(
        (3, generator.input_shape[-1])
    )
    copy = stock(generator)
    difference = copy(codes).numpy() - generator(codes, training=False).numpy()
    assert np.abs(difference).max() < 1e-5
    for layer in copy._flatten_layers():
        assert type(layer).__module__.startswith("keras."), layer


@pytest.mark.parametrize("kind", KINDS)
def test_each_format(tmp_path, kind):
    if kind == "onnx":
        pytest.importorskip("onnxruntime")
    generator = shaken(networks.build_generator("weight", 16, 16, features=4))
    path = tmp_path / f"generator.{kind}"
    assert formats.write_format(generator, kind, path) < 1e-5
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_file_that_differs_is_not_written(tmp_path, monkeypatch):
    wrong = networks.build_generator("none", 16, 16, features=4)
    monkeypatch.setattr(formats, "stock", lambda generator: shaken(wrong))
    generator = networks.build_generator("none", 16, 16, features=4)
    with pytest.raises(VerificationFailed, match="a pixel differs by"):
        formats.write_format(generator, "keras", tmp_path / "generator.keras")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_keras_file_opens_with(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed here")
    generator = shaken(networks.build_generator("weight", 16, 16, features=4))
    codes = np.random.RandomState(1).standard_normal((3, 128))
    files = [tmp_path / n for n in ("generator.keras", "z.npy", "images.npy")]
    formats.write_format(generator, "keras", files[0])
    np.save(files[1], codes.astype(np.float32))
    kept = {"PATH": "/usr/bin", "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *map(str, files)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=kept | {"KERAS_BACKEND": backend},
    )
    assert result.returncode == 0, result.stderr
    difference = np.load(files[2]) - generator(codes, training=False).numpy()
    assert np.abs(difference).max() < 1e-5


def test_the_command(tiny_run, tmp_path, run_here, refused):
    output = tmp_path / "faces"
    flags = {"run_dir": tiny_run, "output": output, "formats": "keras,tflite"}
    result = run_here("export", **flags)
    assert result.returncode == 0, result.stderr
    names = {path.name for path in output.iterdir()}
    assert names == {"generator.keras", "generator.tflite"}
    keras.models.load_model(output / "generator.keras")
    told = refused("export", **flags | {"dtype": "float16"})
    assert "--dtype=float16: keras is written in float32 only" in told

"""Feature networks from files of TensorFlow and Keras."""

from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from wn_gan.errors import UserError, bad_flag

FLAG = "feature_extractor"
# Names of the Inception graph of 2015-12-05: images in [0, 255], and its
# 2,048 features. It resizes and scales the images itself.
_GRAPH_INPUT, _GRAPH_OUTPUT = "ExpandDims:0", "pool_3:0"

Features = Callable[[tf.Tensor], tf.Tensor]


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise bad_flag(
            FLAG,
            path,
            "there is no such file; must be none, lite0, a .keras file, a "
            "SavedModel, or a frozen graph (.pb)",
        )


def load(path: Path) -> Features:
    """Loads a network that takes images in [0, 255] and gives features.

    A `.keras` file or SavedModel scales its input itself; where it has a fixed
    size, images are resized to it, bicubic. A SavedModel and a graph can run
    any TensorFlow operation: load only trusted ones.

    Args:
        path: of a `.keras` file, a SavedModel's folder, or a frozen graph.

    Raises:
        UserError: if it is none of these, or no network from one batch of
            images to one of features.
    """
    _check_exists(path)
    loaders = {".keras": _keras_model, ".pb": _frozen_graph}
    loader = _saved_model if path.is_dir() else loaders.get(path.suffix)
    if loader is None:
        raise bad_flag(
            FLAG, path, "must be a .keras file, a SavedModel or a graph (.pb)"
        )
    try:
        features, size = loader(path)
        _check(features, size)
    except UserError:
        raise
    # A damaged file raises whatever its parser does.
    except Exception as error:
        line = str(error).strip().splitlines() or [type(error).__name__]
        raise bad_flag(FLAG, path, f"cannot be used: {line[0]}") from error
    return features


def _keras_model(path: Path) -> tuple[Features, tuple]:
    model = keras.models.load_model(path, compile=False)
    size = tuple(model.input_shape[1:3])
    call = tf.function(
        lambda images: model(_resized(images, size), training=False)
    )
    return call, size


def _saved_model(path: Path) -> tuple[Features, tuple]:
    model = tf.saved_model.load(str(path))
    signature = model.signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    (output,) = signature.structured_outputs
    size = tuple(spec.shape[1:3])

    def features(images):
        # Refers to the model: a signature alone does not keep it alive.
        call = model.signatures["serving_default"]
        return call(**{name: _resized(images, size)})[output]

    return features, size


def _frozen_graph(path: Path) -> tuple[Features, tuple]:
    """Imports the graph as it is, from images to pooled features."""
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(path.read_bytes())

    def imported(images):
        (features,) = tf.compat.v1.import_graph_def(
            graph,
            input_map={_GRAPH_INPUT: images},
            return_elements=[_GRAPH_OUTPUT],
        )
        return tf.reshape(features, [tf.shape(images)[0], -1])

    spec = tf.TensorSpec([None, None, None, 3], tf.float32)
    wrapped = tf.compat.v1.wrap_function(imported, [spec])
    return wrapped, (None, None)


def _resized(images: tf.Tensor, size: tuple) -> tf.Tensor:
    if None in size:
        return images
    return tf.image.resize(images, size, "bicubic", antialias=True)


def _check(features: Features, size: tuple) -> None:
    """Checks the form of what comes out, on two gray images."""
    height, width = (64 if each is None else each for each in size)
    found = features(tf.fill([2, height, width, 3], 127.0))
    if len(found.shape) != 2 or found.shape[0] != 2:
        raise ValueError(
            "it must give features [batch, width], gives "
            f"{found.shape} for a batch of 2"
        )

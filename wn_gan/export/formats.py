"""The generator in other formats: .keras, ONNX, TFLite.

Each file takes z, float32 `[batch, code_size]`, and gives images in [0, 1].
"""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.errors import VerificationFailed, bad_flag
from wn_gan.files import replacing
from wn_gan.networks.stock import stock

TOLERANCE = 1e-5
_CHECKED_CODES = 3
Images = Callable[[np.ndarray], np.ndarray]


def write_format(generator: keras.Model, kind: str, path: Path) -> float:
    """Writes a generator as a file, and compares the file with it.

    Args:
        generator: of this package.
        kind: "keras", "onnx" or "tflite".
        path: of the file.

    Returns:
        Largest difference of a pixel in [0, 1].

    Raises:
        UserError: if packages of the format are missing; names the extra.
        VerificationFailed: if a pixel differs by more than 1e-5; then there
            is no file.
    """
    check_format(kind)
    plain = stock(generator)
    codes = np.random.RandomState(0).standard_normal(
        (_CHECKED_CODES, generator.input_shape[-1])
    )
    codes = codes.astype(np.float32)
    wanted = generator(codes, training=False).numpy()
    plain(codes)  # Keras exports only what was called
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"generator.{kind}"
        with contextlib.redirect_stdout(io.StringIO()), _unwarned():
            _WRITERS[kind](plain, file)
            found = _READERS[kind](file)(codes)
        difference = float(np.abs(found - wanted).max())
        if not difference <= TOLERANCE:
            raise VerificationFailed(
                f"{path}: a pixel differs by {difference:.1e} from the "
                f"checkpoint's (allowed {TOLERANCE:g}); not written"
            )
        with replacing(path) as partial:
            partial.write_bytes(file.read_bytes())
    return difference


def check_format(kind: str) -> None:
    """Checks that a format can be written.

    Args:
        kind: "keras", "onnx" or "tflite".

    Raises:
        UserError: if something for it is missing; says what.
    """
    if not keras_compat.KERAS_3:
        raise bad_flag("formats", kind, "needs Keras 3 (the main stack)")
    if kind == "onnx":
        try:
            import onnx  # noqa: F401
            import onnxruntime  # noqa: F401
            import tf2onnx  # noqa: F401
        except ImportError:
            raise bad_flag(
                "formats", kind, "needs pip install 'wn_gan[onnx]'"
            ) from None


@contextlib.contextmanager
def _unwarned() -> Iterator[None]:
    """Without the converters' warnings, which are about their own code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _write_keras(model: keras.Model, path: Path) -> None:
    model.save(path)


def _write_onnx(model: keras.Model, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _write_tflite(model: keras.Model, path: Path) -> None:
    folder = path.with_suffix("")
    model.export(folder, format="tf_saved_model", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    path.write_bytes(converter.convert())


def _read_keras(path: Path) -> Images:
    model = keras.models.load_model(path)
    return lambda codes: model(codes, training=False).numpy()


def _read_onnx(path: Path) -> Images:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    (z,) = session.get_inputs()
    return lambda codes: session.run(None, {z.name: codes})[0]


def _read_tflite(path: Path) -> Images:
    interpreter = tf.lite.Interpreter(str(path))
    (z,), (images,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )

    def generate(codes: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(z["index"], codes.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(z["index"], codes)
        interpreter.invoke()
        return interpreter.get_tensor(images["index"])

    return generate


_WRITERS = {
    "keras": _write_keras,
    "onnx": _write_onnx,
    "tflite": _write_tflite,
}
_READERS = {"keras": _read_keras, "onnx": _read_onnx, "tflite": _read_tflite}

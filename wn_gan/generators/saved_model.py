"""Loads generators from SavedModels: any graph z -> images."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from wn_gan.errors import bad_flag


def load_generator(
    path: str | Path,
) -> tuple[Callable, tf.TensorSpec, tf.TensorSpec]:
    """Loads the `serving_default` signature of a SavedModel.

    A SavedModel can run any TensorFlow graph: load only trusted ones.

    Args:
        path: path of the SavedModel.

    Returns:
        The signature as a function of z, the spec of z and that of the
        images.

    Raises:
        UserError: if it is not a SavedModel from z `[batch, code]` to images
            `[batch, height, width, channels]`.
    """
    try:
        model = tf.saved_model.load(str(path))
        signature = model.signatures["serving_default"]
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        tf.errors.OpError,
    ) as error:  # the last two: damaged weights
        raise bad_flag(
            "saved_model",
            path,
            "is no SavedModel with serving_default, or a damaged one",
        ) from error
    inputs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    z, images = list(inputs.values()), list(outputs.values())
    ranks = [spec.shape.rank for spec in (*z, *images)]
    floats = all(spec.dtype.is_floating for spec in (*z, *images))
    right = ranks == [2, 4] and len(z) == 1 and floats
    if not right or z[0].shape[0] is not None or z[0].shape[1] is None:
        raise bad_flag(
            "saved_model",
            path,
            "must take one z [batch, code] of any batch and give one batch of "
            "images [batch, height, width, channels], both of floats; takes "
            f"{_shapes(z)}, gives {_shapes(images)}",
        )
    (name,), (output,) = inputs, outputs

    def generate(codes: tf.Tensor) -> tf.Tensor:
        # Refers to the model: a signature alone does not keep it alive.
        images = model.signatures["serving_default"](**{name: codes})[output]
        return tf.cast(images, codes.dtype)

    return generate, z[0], images[0]


def _shapes(specs: list[tf.TensorSpec]) -> str:
    shown = [f"{spec.dtype.name} {spec.shape}" for spec in specs]
    return ", ".join(shown) or "nothing"


def newest_version(path: str | Path) -> Path:
    """Resolves a path to a SavedModel.

    Args:
        path: path of a SavedModel, or of a folder with numbered versions of
            one, of which the newest is used.
    """
    path = Path(path)
    if (path / "saved_model.pb").exists():
        return path
    found = versions(path)
    return path / str(max(found)) if found else path


def versions(folder: Path) -> list[int]:
    """Version numbers in a model's folder."""
    names = [path.name for path in folder.glob("*")]
    return [int(name) for name in names if name.isdigit()]

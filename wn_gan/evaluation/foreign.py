"""The final test of other people's generators: any SavedModel."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.config import TestOptions
from wn_gan.errors import bad_flag
from wn_gan.evaluation.final_test import FinalTest
from wn_gan.evaluation.run_test import protocol_of, reconstructor


def load_generator(path: str) -> tuple[Callable, tf.TensorSpec, tf.TensorSpec]:
    """The `serving_default` signature of a SavedModel as a function of z.

    Args:
        path: of the SavedModel.

    Returns:
        The function, the specification of z and that of the images.

    Raises:
        UserError: if it is no SavedModel, or not one of z `[batch, code]` to
            images `[batch, height, width, channels]`.
    """
    try:
        model = tf.saved_model.load(path)
        signature = model.signatures["serving_default"]
    except (OSError, ValueError, KeyError) as error:
        raise bad_flag(
            "saved_model", path, "is no SavedModel with serving_default"
        ) from error
    inputs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    one = len(inputs) == len(outputs) == 1
    (name, z), *_ = inputs.items()
    (output, image), *_ = outputs.items()
    if not one or z.shape.rank != 2 or image.shape.rank != 4:
        raise bad_flag(
            "saved_model",
            path,
            "must take one z [batch, code] and give one batch of images "
            f"[batch, height, width, channels]; takes {z.shape}, gives "
            f"{image.shape}",
        )

    def generate(codes: tf.Tensor) -> tf.Tensor:
        # Through the model: a signature alone does not keep it alive.
        return model.signatures["serving_default"](**{name: codes})[output]

    return generate, z, image


def foreign_test(
    path: str,
    targets: np.ndarray,
    dataset: str,
    options: TestOptions,
    output: str,
    strategy: tf.distribute.Strategy | None = None,
) -> FinalTest:
    """The test of a SavedModel's generator.

    Args:
        path: of the SavedModel.
        targets: uint8 images of the size that it makes.
        dataset: their name in the protocol.
        options: of the search.
        output: folder of the results.
        strategy: to search under.

    Raises:
        UserError: for another model, or images of another size.
    """
    generate, z, image = load_generator(path)
    if tuple(image.shape[1:]) != targets.shape[1:]:
        raise bad_flag(
            "images",
            dataset,
            f"images of {list(targets.shape[1:])}; this generator makes "
            f"{list(image.shape[1:])}",
        )
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        search = reconstructor(
            generate, targets.shape[1:], z.shape[1], options, z.dtype
        )
    return FinalTest(
        folder=Path(output),
        protocol=protocol_of(targets, dataset, options),
        provenance={"saved_model": path},
        targets=targets,
        ids=[f"{i:06}" for i in range(len(targets))],
        search=search,
        strategy=strategy,
    )

"""Numbers of a test in the run's TensorBoard."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf


def write_scalars(folder: Path, step: int, values: Mapping[str, float]) -> None:
    """Adds numbers at a step.

    Args:
        folder: of event files.
        step: of the checkpoint.
        values: by TensorBoard's tag.
    """
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step):
        for name, value in values.items():
            tf.summary.scalar(name, value)
    writer.close()

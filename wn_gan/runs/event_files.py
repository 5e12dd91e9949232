"""TensorBoard's event files, with TensorFlow's errors as `OSError`."""

import contextlib
import errno
from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf


@contextlib.contextmanager
def writing(writer: tf.summary.SummaryWriter, folder: Path) -> Iterator[None]:
    """Summaries go to a writer.

    Args:
        writer: of event files.
        folder: of its files, for messages.

    Raises:
        OSError: if they cannot be written, e.g. for a full disk.
    """
    try:
        with writer.as_default():
            yield
    except tf.errors.OpError as error:
        reason = error.message.splitlines()[0].split("; ")[-1]
        files = folder / "events.out.tfevents.*"
        raise OSError(errno.EIO, reason, str(files)) from error


def write_scalars(folder: Path, step: int, values: Mapping[str, float]) -> None:
    """Adds numbers at a step, in a file of their own.

    Args:
        folder: of event files.
        step: of the checkpoint.
        values: by TensorBoard's tag.

    Raises:
        OSError: if they cannot be written.
    """
    try:
        writer = tf.summary.create_file_writer(str(folder))
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message, str(folder)) from error
    with writing(writer, folder):
        for name, value in values.items():
            tf.summary.scalar(name, value, step=step)
        writer.close()

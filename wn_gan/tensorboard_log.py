"""What TensorBoard shows of a run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file

# The name of each number in TensorBoard, grouped into its sections.
TAGS = {
    "d_loss": "loss/d_loss",
    "g_loss": "loss/g_loss",
    "real_logits": "logits/real_logits",
    "fake_logits": "logits/fake_logits",
    "d_gradient_norm": "gradient_norm/d_gradient_norm",
    "g_gradient_norm": "gradient_norm/g_gradient_norm",
    "images_per_second": "speed/images_per_second",
    "memory_mib": "speed/memory_mib",
    "data_wait_fraction": "speed/data_wait_fraction",
    "reconstruction_loss": "reconstruction/reconstruction_loss",
}


class TensorBoardLog:
    """Writes event files.

    Args:
        folder: of the event files.
        resumed_at: step that a resumed run goes on from: TensorBoard then
            drops what a killed run wrote after it.
    """

    def __init__(self, folder: Path, resumed_at: int | None = None):
        """See the class."""
        if resumed_at is not None:
            purge = EventFileWriter(str(folder))
            session = SessionLog(status=SessionLog.START)
            purge.add_event(Event(step=resumed_at + 1, session_log=session))
            purge.close()
        self._writer = tf.summary.create_file_writer(str(folder))

    def config(self, config: Config) -> None:
        """The config as a text."""
        lines = to_flag_file(config).splitlines()
        with self._writer.as_default():
            tf.summary.text(
                "config", "\n".join("    " + line for line in lines), step=0
            )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """The numbers of a record that `TAGS` names."""
        with self._writer.as_default():
            for name in TAGS.keys() & values.keys():
                tf.summary.scalar(TAGS[name], values[name], step=step)

    def image(self, step: int, name: str, picture: np.ndarray) -> None:
        """A picture, uint8 `[height, width, channels]`."""
        with self._writer.as_default():
            tf.summary.image(name, picture[np.newaxis], step=step)

    def flush(self) -> None:
        """Writes out what is buffered."""
        self._writer.flush()

    def close(self) -> None:
        """Writes out what is buffered and closes the file."""
        self._writer.close()

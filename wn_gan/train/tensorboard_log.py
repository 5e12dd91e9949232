"""TensorBoard event files of a run."""

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.plugins.hparams import api as hparams
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.event_files import writing

# TensorBoard tag of each number; the prefix is its section.
TAGS = {
    "d_loss": "loss/d_loss",
    "g_loss": "loss/g_loss",
    "d_penalty": "loss/d_penalty",
    "real_logits": "logits/real_logits",
    "fake_logits": "logits/fake_logits",
    "d_gradient_norm": "gradient_norm/d_gradient_norm",
    "g_gradient_norm": "gradient_norm/g_gradient_norm",
    "images_per_second": "speed/images_per_second",
    "memory_mib": "speed/memory_mib",
    "data_wait_fraction": "speed/data_wait_fraction",
    "reconstruction_loss": "reconstruction/reconstruction_loss",
}


# What TensorBoard's HParams page shows of a run, beside norm and features.
HPARAMS = (
    "dataset",
    "seed",
    "batch_size",
    "g_learning_rate",
    "d_learning_rate",
    "loss",
    "update_order",
    "train_steps",
)


class TensorBoardLog:
    """Writes event files.

    Args:
        folder: folder of the event files: the run's, so that TensorBoard
            calls the run by its name.
        begun_at: step at which this process begins. TensorBoard drops later
            data of an earlier process that was killed.
    """

    def __init__(self, folder: Path, begun_at: int = 0):
        _purge(folder, begun_at + 1)
        self.folder = folder
        self._writer = tf.summary.create_file_writer(str(folder))

    def config(self, config: Config) -> None:
        """Writes the config as text, and the main options as HParams."""
        names = {"norm": config.network_name}
        names |= {name: getattr(config, name) for name in HPARAMS}
        features = ",".join(map(str, config.level_features))
        with self._writing():
            hparams.hparams(names | {"features": features}, str(self.folder))
        lines = to_flag_file(config).splitlines()
        text = "\n".join("    " + line for line in lines)
        self.text(0, "config", text)

    def text(self, step: int, name: str, text: str) -> None:
        """Writes a Markdown text."""
        with self._writing():
            tf.summary.text(name, text, step=step)

    def scalars(self, step: int, values: Mapping[str, float | None]) -> None:
        """Writes the numbers listed in `TAGS`; None leaves a gap."""
        with self._writing():
            for name in TAGS.keys() & values.keys():
                if values[name] is not None:
                    tf.summary.scalar(TAGS[name], values[name], step=step)

    def diagnostics(self, step: int, values: Mapping[str, np.ndarray]) -> None:
        """Writes numbers as curves, vectors as histograms."""
        with self._writing():
            for name, value in values.items():
                write = (
                    tf.summary.histogram if value.ndim else tf.summary.scalar
                )
                write(f"diagnostics/{name}", value, step=step)

    def image(self, step: int, name: str, picture: np.ndarray) -> None:
        """Writes a picture, uint8 `[height, width, channels]`."""
        with self._writing():
            tf.summary.image(name, picture[np.newaxis], step=step)

    def flush(self) -> None:
        """Writes buffered data to disk."""
        with self._writing():
            self._writer.flush()

    def close(self) -> None:
        """Writes buffered data to disk and closes the file."""
        with self._writing():
            self._writer.close()

    def _writing(self) -> contextlib.AbstractContextManager[None]:
        return writing(self._writer, self.folder)


def _purge(folder: Path, step: int) -> None:
    """Makes TensorBoard drop data of earlier files from a step on.

    Every start writes a START event, also the first one: TensorBoard takes
    only the second START that it finds for a restart. It reads files in the
    order of their names (second, host, ...). The name chosen here sorts
    before those of all writers in the same second.
    """
    with tempfile.TemporaryDirectory() as workplace:
        writer = EventFileWriter(workplace)
        session = SessionLog(status=SessionLog.START)
        writer.add_event(Event(step=step, session_log=session))
        writer.close()
        (path,) = Path(workplace).iterdir()
        second = path.name.split(".")[3]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(path, folder / f"events.out.tfevents.{second}.-start")

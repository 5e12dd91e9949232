"""Opens a trained run: its config, generator and data."""

import dataclasses
from pathlib import Path

import keras

from wn_gan.config import Config
from wn_gan.data import Split, load_split
from wn_gan.errors import UserError, bad_flag
from wn_gan.gan.building import build_generator
from wn_gan.networks.statistics import batch_norms, converge_spectral_norms
from wn_gan.runs.average_statistics import set_average_statistics
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json
from wn_gan.runs.same_run import with_own_sizes


@dataclasses.dataclass
class TrainedRun:
    """A run folder, opened for reading.

    Attributes:
        folder: the run's folder.
        config: the run's config.
        data: content of `split.json`, see `Split.description`.
    """

    folder: RunFolder
    config: Config
    data: dict

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return tuple(self.data["image_shape"])

    @property
    def checkpoints(self) -> Checkpoints:
        """The run's checkpoints."""
        return Checkpoints(self.folder.checkpoints)

    def untrained_generator(self, float32: bool = False) -> keras.Model:
        """The generator with the run's initial weights.

        Args:
            float32: whether it computes in float32 although the run trained
                in mixed precision; its weights are float32 in both.
        """
        config = self.config
        if float32 and config.precision != "float64":
            config = dataclasses.replace(config, precision="float32")
        keras.utils.set_random_seed(config.seed)
        generator = build_generator(config, self.image_shape)
        converge_spectral_norms(generator)
        return generator

    def restore(
        self, generator: keras.Model, name: str, average: bool = False
    ) -> int:
        """Sets a generator's weights to a checkpoint's.

        Args:
            generator: the run's generator.
            name: name of the checkpoint.
            average: whether it gets the moving average of its weights
                instead of the weights; batch norm's statistics are then
                re-estimated over fresh codes, spectral norm's vectors from
                the kernels.

        Returns:
            The checkpoint's step.

        Raises:
            UserError: if the file is damaged or does not fit the model, or
                if the run keeps no average.
        """
        if average and not self.config.g_ema_decay:
            raise bad_flag(
                "average", True, "the run keeps none (--g_ema_decay is 0)"
            )
        parts = {"generator": generator}
        step = self.checkpoints.restore(name, parts, average)["step"]
        if average:
            converge_spectral_norms(generator)
        if average and batch_norms(generator):
            # The stored statistics are those of the weights, not of their
            # average.
            set_average_statistics(
                generator, self.config.batch_size, self.folder
            )
        return step

    def load_split(self, data_dir: str | None = None) -> Split:
        """Loads the run's training and test images.

        Args:
            data_dir: new path of the data; default: that of the config.

        Raises:
            UserError: if the images have changed.
        """
        config = self.config
        if data_dir is not None:
            config = config.moved_to(data_dir)
        if config.prepared_dir and not Path(config.prepared_dir).exists():
            # Without the prepared copy, the source gives the same images.
            config = dataclasses.replace(config, prepared_dir=None)
        split = load_split(with_own_sizes(self.folder, config))
        if split.description()["sha256"] != self.data["sha256"]:
            raise UserError(
                f"--run_dir={self.folder.path}: {config.dataset} no longer "
                "holds the images that the run was trained on (split.json)"
            )
        return split


def open_trained_run(run_dir: str | Path) -> TrainedRun:
    """Opens a run without reading its data.

    Args:
        run_dir: path of the run folder.

    Raises:
        UserError: if the folder holds no run.
    """
    folder = RunFolder(run_dir)
    if not folder.config.exists() or not folder.split.exists():
        raise bad_flag("run_dir", run_dir, "holds no run (no config.cfg)")
    config = folder.read_config()
    return TrainedRun(folder, config, read_json(folder.split))

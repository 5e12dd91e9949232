"""A trained run, read back: its config, its networks, its data."""

import dataclasses
import json
from pathlib import Path

from wn_gan import stack
from wn_gan.building import build_gan
from wn_gan.checkpoints import Checkpoints, read, restore
from wn_gan.config import Config
from wn_gan.data import Split, load_split
from wn_gan.errors import UserError, bad_flag
from wn_gan.flag_defs import from_flag_file
from wn_gan.model import GAN
from wn_gan.run_folder import RunFolder


@dataclasses.dataclass
class TrainedRun:
    """A run folder, opened for reading.

    Attributes:
        folder: of the run.
        config: of the run.
        data: what `split.json` holds: the images that it was trained on.
    """

    folder: RunFolder
    config: Config
    data: dict

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return tuple(self.data["image_shape"])

    def checkpoint_names(self, wanted: str) -> list[str]:
        """The checkpoints that `--checkpoint` means.

        Args:
            wanted: "best", "last", a step, or "all".

        Raises:
            UserError: if there is none such.
        """
        there = [p.stem for p in sorted(self.folder.checkpoints.glob("*.npz"))]
        names = [n for n in there if n not in ("previous", "next", "partial")]
        if wanted.isdigit():
            wanted = f"step_{int(wanted):08}"
        chosen = names if wanted == "all" else [n for n in names if n == wanted]
        if not chosen:
            raise bad_flag(
                "checkpoint",
                wanted,
                f"{self.folder.path} has {', '.join(names) or 'none'}",
            )
        return chosen

    def restore(self, gan: GAN, name: str, average: bool = False) -> int:
        """Sets the GAN's weights to a checkpoint's; returns its step.

        Args:
            gan: of the run.
            name: of the checkpoint.
            average: whether the generator gets the moving average of its
                weights instead. (Batch norm's moving statistics stay those
                of the weights: `standing` ones belong to the average.)

        Raises:
            UserError: if the file is damaged or another model's, or the run
                keeps no average.
        """
        if average and not self.config.g_ema_decay:
            raise bad_flag(
                "average", True, "the run keeps none (--g_ema_decay is 0)"
            )
        path = Checkpoints(self.folder.checkpoints).path(name)
        arrays, metadata = read(path)
        restore(gan, arrays, path)
        if average:
            weights = gan.generator.trainable_variables
            stack.load_average(gan.g_optimizer, weights)
        return metadata["step"]

    def fresh_gan(self) -> GAN:
        """An untrained GAN of the run's config."""
        return build_gan(self.config, self.image_shape)

    def load_split(self, data_dir: str | None = None) -> Split:
        """The images that the run was trained on, and those held out.

        Args:
            data_dir: of its data, if they have moved.

        Raises:
            UserError: if they are no longer the same.
        """
        config = self.config
        if data_dir is not None:
            config = dataclasses.replace(config, data_dir=data_dir)
        if config.prepared_dir and not Path(config.prepared_dir).exists():
            # The same images come from their source.
            config = dataclasses.replace(config, prepared_dir=None)
        split = load_split(config)
        if split.description()["sha256"] != self.data["sha256"]:
            raise UserError(
                f"--run_dir={self.folder.path}: {config.dataset} no longer "
                "holds the images that the run was trained on (split.json)"
            )
        return split


def open_trained(run_dir: str | Path) -> TrainedRun:
    """Opens a run; its data are not read.

    Args:
        run_dir: of the run.

    Raises:
        UserError: if there is no run.
    """
    folder = RunFolder(run_dir)
    if not folder.config.exists() or not folder.split.exists():
        raise bad_flag("run_dir", run_dir, "holds no run (no config.cfg)")
    config = from_flag_file(folder.config.read_text())
    return TrainedRun(folder, config, json.loads(folder.split.read_text()))

"""The final test of a run: its checkpoints, batch-norm modes and controls."""

import contextlib
import dataclasses
import errno
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.config import EvaluateOptions
from wn_gan.data import Split
from wn_gan.data.own_images import own_images, resizing_of
from wn_gan.distribution import is_chief
from wn_gan.errors import bad_flag
from wn_gan.evaluate.batch_norm import (
    MODES,
    has_batch_norm,
    in_mode,
    prepare_mode,
)
from wn_gan.evaluate.controls import sample
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.manifest import (
    Manifest,
    search_identity,
    written_identity,
)
from wn_gan.evaluate.search import (
    dependent_batch_size,
    protocol_of,
    reconstructor,
)
from wn_gan.files import output_folder
from wn_gan.progress import Progress, say
from wn_gan.reconstruction import Reconstructor
from wn_gan.runs.checkpoint_file import parts_sha256
from wn_gan.runs.event_files import write_scalars
from wn_gan.runs.trained_run import TrainedRun


class RunEvaluation:
    """Measures the generators of one run on one set of images.

    Args:
        run: trained.
        split: the run's images.
        options: of the verb: which images, where to, and of the search.
        strategy: to search under.
    """

    def __init__(
        self,
        run: TrainedRun,
        split: Split,
        options: EvaluateOptions,
        strategy: tf.distribute.Strategy | None = None,
    ):
        self.run = run
        self.options = options
        self.strategy = strategy or tf.distribute.get_strategy()
        self.generator = run.untrained_generator()
        resize = run.config.resize_filter
        if options.images is None:
            part = getattr(split, options.part)
            chosen = sample(len(part), options.num_images or 0)
            self.targets = part[chosen]
            if is_chief(self.strategy):
                for line in part.skipped_lines():
                    say(line)
            self._part_images: int | None = len(part)
            self.ids = [f"{i:06}" for i in part.positions[chosen]]
            dataset = run.config.dataset
        else:
            own, names = own_images(options.images, run.image_shape, resize)
            chosen = sample(len(own), options.num_images or 0)
            self.targets = own[chosen]
            self._part_images = None
            self.ids = [names[i] for i in chosen]
            dataset = options.images
            resize = resizing_of(options.images, resize)
        self.protocol = protocol_of(self.targets, dataset, options, resize)
        default = run.folder.path / options.part / str(self.protocol)
        self.folder = Path(options.output or default)
        if options.output and is_chief(self.strategy):
            output_folder(self.folder)

    def modes(self) -> tuple[str, ...]:
        """The batch-norm modes that differ for this generator."""
        return MODES if has_batch_norm(self.generator) else MODES[:1]

    def main_checkpoint(self) -> str:
        """The checkpoint that baselines are of: `best`, or the first one."""
        names = self.run.checkpoints.names()
        return "best" if "best" in names else names[0]

    def folder_of(self, checkpoint: str, mode: str = "moving") -> Path:
        """Folder of one checkpoint's results in one mode."""
        if self.options.average:
            return self.folder / f"{checkpoint}-{mode}-average"
        if (checkpoint, mode) == ("best", "moving"):
            return self.folder
        return self.folder / f"{checkpoint}-{mode}"

    def measure(self, checkpoint: str, mode: str, progress: Progress) -> dict:
        """The summary of one checkpoint in one mode."""
        options = self.options
        step = self.run.restore(self.generator, checkpoint, options.average)
        test = FinalTest(
            folder=self.folder_of(checkpoint, mode),
            protocol=dataclasses.replace(
                self.protocol, batch_size=dependent_batch_size(options, mode)
            ),
            manifest=self.manifest(step, mode),
            provenance={
                "run_dir": str(self.run.folder.path),
                "checkpoint": checkpoint,
                "step": step,
                "seed": self.run.config.seed,
                "norm": self.run.config.network_name,
                "batch_norm": mode,
                "average": options.average,
                "part_images": self._part_images,
                "images": options.images,  # None: the run's own final test
            },
            targets=self.targets,
            ids=self.ids,
            search=self.search(mode),
            write_pairs=options.write_pairs,
            strategy=self.strategy,
        )
        known = written_identity(test.folder) == test.manifest.identity()
        try:
            summary = test.run(progress)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS):
                raise
            reason = f"cannot be written: {error.strerror}"
            raise bad_flag("run_dir", self.run.folder.path, reason) from error
        if summary and not known:
            average = ", average" * options.average
            name = f"{options.part}/{test.protocol}, {mode} statistics{average}"
            self.log(step, {name: summary["mean"]})
        return summary

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers to the run's TensorBoard; not of other images.

        Args:
            step: of the checkpoint.
            values: by TensorBoard's tag.
        """
        if self.options.images is None and self.options.output is None:
            write_scalars(self.run.folder.test_events, step, values)

    def manifest(self, step: int, mode: str) -> Manifest:
        """Everything that a result of the generator as it is depends on."""
        (weights,) = parts_sha256({"generator": self.generator}).values()
        search = search_identity(self.options)
        if mode == "batch":
            search["together"] = True
        return Manifest(
            generator_sha256=weights,
            step=step,
            images_sha256=self.protocol.part_sha256,
            search=search,
            batch_norm=mode,
            batch_size=dependent_batch_size(self.options, mode),
        )

    def search(self, mode: str) -> Callable:
        """A search that is prepared when it is first used."""
        prepared: list[Reconstructor] = []

        def search(images: np.ndarray, first_image: int):
            if not prepared:
                prepared.append(self.reconstructor(mode))
            return prepared[0](images, first_image)

        return search

    def reconstructor(self, mode: str = "moving") -> Reconstructor:
        """The search on the generator's weights as they are."""
        prepare_mode(self.generator, mode, self.run.config.batch_size)
        # With a batch's own statistics a batch is not to be divided.
        alone = mode == "batch"
        with contextlib.nullcontext() if alone else self.strategy.scope():
            return reconstructor(
                in_mode(self.generator, mode),
                self.targets.shape[1:],
                self.generator.input_shape[-1],
                self.options,
                self.generator.output.dtype,
                together=alone,
            )

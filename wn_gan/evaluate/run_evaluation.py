"""The final test of a run: its checkpoints, batch-norm modes and controls."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.config import RESIZE_FILTERS, EvaluateOptions, SearchOptions
from wn_gan.data import Split
from wn_gan.data.own_images import own_images
from wn_gan.data.splits import content_sha256
from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.evaluate.batch_norm import MODES, has_batch_norm, in_mode
from wn_gan.evaluate.controls import data_controls
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.protocol import Protocol
from wn_gan.files import write_json
from wn_gan.images import to_uint8, to_unit
from wn_gan.reconstruction import Reconstructor
from wn_gan.runs.trained_run import TrainedRun

CONTROL_IMAGES = 200
_SAMPLE_SEED = 7_000


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
        self.split = split
        self.options = options
        self.strategy = strategy or tf.distribute.get_strategy()
        own = options.images is None
        self.targets = (
            split.final_test[:]
            if own
            else own_images(options.images, run.image_shape)
        )
        numbers = (
            split.final_test.positions if own else range(len(self.targets))
        )
        self.ids = [f"{i:06}" for i in numbers]
        self.protocol = protocol_of(
            self.targets,
            options.images or run.config.dataset,
            options,
            run.config.resize_filter,
        )
        default = run.folder.final_test / str(self.protocol)
        self.folder = Path(options.output) if options.output else default
        self.generator = run.untrained_generator()

    def modes(self) -> tuple[str, ...]:
        """The batch-norm modes that differ for this generator."""
        return MODES if has_batch_norm(self.generator) else MODES[:1]

    def reconstructor(self, mode: str = "moving") -> Reconstructor:
        """The search on the generator's weights as they are."""
        # With a batch's own statistics a batch is not to be shared out.
        alone = mode == "batch"
        with contextlib.nullcontext() if alone else self.strategy.scope():
            return reconstructor(
                in_mode(self.generator, mode, self.run.config.batch_size),
                self.targets.shape[1:],
                self.generator.input_shape[-1],
                self.options,
                self.generator.output.dtype,
            )

    def measure(
        self, checkpoint: str, mode: str, advance: Callable[[int], None]
    ) -> dict:
        """The summary of one checkpoint in one mode."""
        average = self.options.average
        step = self.run.restore(self.generator, checkpoint, average)
        default = checkpoint == "best" and mode == "moving"
        name = "" if default else f"{checkpoint}-{mode}"
        if average:
            name = f"{checkpoint}-{mode}-average"
        test = FinalTest(
            folder=self.folder / name,
            protocol=self.protocol,
            provenance={
                "run_dir": str(self.run.folder.path),
                "checkpoint": checkpoint,
                "step": step,
                "seed": self.run.config.seed,
                "norm": self.run.config.network_name,
                "batch_norm": mode,
                "average": average,
            },
            targets=self.targets,
            ids=self.ids,
            search=self.reconstructor(mode),
            strategy=self.strategy,
        )
        return test.run(advance)

    def controls(self) -> dict[str, float]:
        """Baselines of the score.

        The generator's own controls take 200 images and the `best`
        checkpoint, or `last` where there is no other.
        """
        path = self.folder / "controls.json"
        done = json.loads(path.read_text()) if path.exists() else None
        wait_for_all(self.strategy)
        if done is not None:
            return done
        found = data_controls(
            self.split, self.run.data["sha256"], self.run.config.code_size
        )
        for name, targets in self._generator_targets():
            errors = self.reconstructor()(to_unit(targets)).losses
            found[name] = float(errors.mean(dtype=float))
        if is_chief(self.strategy):
            write_json(path, found)
        return found

    def _generator_targets(self) -> Iterator[tuple[str, np.ndarray]]:
        """Names and images; the generator has the weights to search with."""
        fresh = self.run.untrained_generator()
        self.generator.set_weights(fresh.get_weights())
        yield "untrained_generator", self.targets[:CONTROL_IMAGES]
        names = self.run.checkpoints.names()
        self.run.restore(
            self.generator, "best" if "best" in names else names[0]
        )
        z = tf.random.stateless_normal(
            [CONTROL_IMAGES, self.run.config.code_size],
            seed=[_SAMPLE_SEED, 0],
            dtype=self.generator.input.dtype,
        )
        samples = in_mode(self.generator, "moving", 1)(z)
        yield "own_samples", to_uint8(samples)
        yield "training_images", self.split.train[:CONTROL_IMAGES]


def reconstructor(
    generate: Callable[[tf.Tensor], tf.Tensor],
    image_shape: tuple[int, int, int],
    code_size: int,
    options: SearchOptions,
    dtype: tf.DType,
) -> Reconstructor:
    """A search by the options.

    Args:
        generate: z -> images in [0, 1].
        image_shape: height, width and channels.
        code_size: length of a code.
        options: of the search.
        dtype: that the generator takes.
    """
    return Reconstructor(
        generate,
        tuple(image_shape),
        code_size,
        solver=options.solver,
        evaluations=options.evaluations,
        z_start=options.z_start,
        num_starts=options.num_starts,
        prior_penalty=options.prior_penalty,
        batch_size=options.test_batch_size,
        dtype=dtype,
    )


def protocol_of(
    targets: np.ndarray,
    dataset: str,
    options: SearchOptions,
    resize_filter: str = RESIZE_FILTERS[0],
) -> Protocol:
    """The protocol of a test of these images.

    Args:
        targets: uint8 `[images, height, width, channels]`.
        dataset: their name.
        options: of the search.
        resize_filter: that they were resized with.
    """
    return Protocol(
        dataset=dataset,
        part_sha256=content_sha256(targets),
        num_images=len(targets),
        image_shape=tuple(targets.shape[1:]),
        resize=resize_filter,
        solver=options.solver,
        evaluations=options.evaluations,
        start=options.z_start,
        num_starts=options.num_starts,
        prior_penalty=options.prior_penalty,
    )

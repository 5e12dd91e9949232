"""Baselines of a run's score, measured beside it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.data import Split
from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.evaluate.batch_norm import in_mode
from wn_gan.evaluate.controls import data_controls
from wn_gan.evaluate.run_evaluation import RunEvaluation
from wn_gan.evaluate.superseded import keep
from wn_gan.files import write_json
from wn_gan.images import to_uint8, to_unit
from wn_gan.progress import Progress

CONTROL_IMAGES = 64
_SAMPLE_SEED = 7_000


def run_controls(test: RunEvaluation, split: Split) -> dict[str, float]:
    """Baselines of the score on the test's own images, by the test's search.

    From the training images: their mean, PCA, the nearest one. From the
    generator, each on at most `CONTROL_IMAGES` images: the untrained one, its
    own samples (images that it can make), training images (the
    generalization gap). They are of the checkpoint `best`, or of the first
    one that is there.

    Args:
        test: the evaluation that they belong to.
        split: the run's images.

    Returns:
        Mean squared errors by name; and numbers of images, in names that
        start with "num_".
    """
    checkpoints = test.run.checkpoints.names()
    name = "best" if "best" in checkpoints else checkpoints[0]
    step = test.run.restore(test.generator, name, test.options.average)
    identity = (
        f"{test.manifest(step, 'moving').identity()} "
        f"of {test.options.controls_images}"
    )
    path = test.folder_of(name) / "controls.json"
    done = _read(path, identity)
    wait_for_all(test.strategy)  # all have read: the chief may write
    if done is not None:
        return done
    chief = is_chief(test.strategy)
    found = data_controls(
        split.train,
        test.targets,
        test.run.config.code_size,
        test.options.controls_images,
        shown=chief,
    )
    found |= _generator_controls(test, split, name)
    if chief:
        if path.exists():
            keep(path.parent, [path.name])
        write_json(path, {"identity": identity, "controls": found})
    return found


def _read(path: Path, identity: str) -> dict[str, float] | None:
    """Stored controls, if they are of the same generator and images."""
    try:
        stored = json.loads(path.read_text())
        return stored["controls"] if stored["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _generator_controls(
    test: RunEvaluation, split: Split, checkpoint: str
) -> dict[str, float]:
    count = min(len(test.targets), CONTROL_IMAGES)
    found: dict[str, float] = {"num_control_images": count}
    chief = is_chief(test.strategy)
    with Progress(3 * count, "control images", shown=chief) as progress:
        for name, targets in _targets(test, split, checkpoint, count):
            errors = test.reconstructor()(to_unit(targets)).losses
            found[name] = float(errors.mean(dtype=float))
            progress.advance(len(targets))
    return found


def _targets(
    test: RunEvaluation, split: Split, checkpoint: str, count: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and images; the generator has the weights to search with."""
    fresh = test.run.untrained_generator()
    test.generator.set_weights(fresh.get_weights())
    yield "untrained_generator", test.targets[:count]
    test.run.restore(test.generator, checkpoint, test.options.average)
    z = tf.random.stateless_normal(
        [count, test.run.config.code_size],
        seed=[_SAMPLE_SEED, 0],
        dtype=test.generator.input.dtype,
    )
    yield "own_samples", to_uint8(in_mode(test.generator, "moving")(z))
    yield "training_images", split.train[:count]

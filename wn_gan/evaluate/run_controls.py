"""Baselines of a run's score, measured beside it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.stats
import tensorflow as tf

from wn_gan.data import Split
from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.evaluate.batch_norm import in_mode
from wn_gan.evaluate.controls import data_controls, sample
from wn_gan.evaluate.manifest import written_identity
from wn_gan.evaluate.result_files import read_losses
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
        Mean squared errors by name; the share of the test's images on which
        the generator is better than PCA, and the Kolmogorov-Smirnov
        statistic, with its p, of the losses of training images against the
        test's (both only if that checkpoint has been tested); and numbers of
        images, in names that start with "num_".
    """
    wait_for_all(test.strategy)  # the chief has written the test
    name = test.main_checkpoint()
    step = test.run.restore(test.generator, name, test.options.average)
    tested = test.manifest(step, "moving").identity()
    path = test.folder_of(name) / "controls.json"
    has_losses = written_identity(path.parent) == tested
    identity = _identity(tested, test.options.controls_images, has_losses)
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
    by_pca = np.array(found.pop("pca_by_image"))
    own, of_training_images = _generator_controls(test, split, name)
    found |= own
    if has_losses:
        losses = read_losses(path.parent)
        found |= _beside_losses(losses, by_pca, of_training_images)
    if chief:
        if path.exists():
            keep(path.parent, [path.name])
        write_json(path, {"identity": identity, "controls": found})
    return found


def _identity(tested: str, num_images: int, has_losses: bool) -> str:
    """What the controls depend on; some of them on the test's losses."""
    return f"2 {tested} of {num_images}" + " with losses" * has_losses


def _beside_losses(
    losses: np.ndarray, by_pca: np.ndarray, of_training_images: np.ndarray
) -> dict[str, float]:
    """What the test's losses say beside PCA's and training images'."""
    gap = scipy.stats.ks_2samp(of_training_images, losses)
    return {
        "share_better_than_pca": float((losses < by_pca).mean()),
        "generalization_gap_ks": float(gap.statistic),
        "generalization_gap_p": float(gap.pvalue),
    }


def _read(path: Path, identity: str) -> dict[str, float] | None:
    """Stored controls, if they are of the same generator and images."""
    try:
        stored = json.loads(path.read_text())
        return stored["controls"] if stored["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _generator_controls(
    test: RunEvaluation, split: Split, checkpoint: str
) -> tuple[dict[str, float], np.ndarray]:
    """Mean errors by name, and those of training images one by one."""
    count = min(len(test.targets), CONTROL_IMAGES)
    found: dict[str, float] = {"num_control_images": count}
    chief = is_chief(test.strategy)
    with Progress(3 * count, "control images", shown=chief) as progress:
        for name, targets in _targets(test, split, checkpoint, count):
            errors = test.reconstructor()(to_unit(targets)).losses
            found[name] = float(errors.mean(dtype=float))
            progress.advance(len(targets))
    # The last ones are the training images.
    return found, errors


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
    # From all over the training images: they may be sorted by class.
    yield "training_images", split.train[sample(len(split.train), count)]

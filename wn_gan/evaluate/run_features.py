"""Feature-space measures of a run's checkpoints, and of a SavedModel."""

import tensorflow as tf

from wn_gan.config import EvaluateOptions
from wn_gan.data import Split
from wn_gan.evaluate.batch_norm import in_mode
from wn_gan.evaluate.feature_test import FeatureTest
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.run_evaluation import RunEvaluation
from wn_gan.features.extractor import Extractor
from wn_gan.generators.saved_model import load_generator, newest_version
from wn_gan.progress import Progress


def run_features(
    test: RunEvaluation, split: Split, extractor: Extractor, checkpoint: str
) -> dict[str, float]:
    """Measures one checkpoint, with batch norm's moving statistics.

    New numbers also go to the run's TensorBoard, at the checkpoint's step.

    Args:
        test: the evaluation, whose final test is finished.
        split: the run's images.
        extractor: of the features.
        checkpoint: its name.

    Returns:
        Numbers by name.
    """
    step = test.run.restore(test.generator, checkpoint, test.options.average)
    measuring = FeatureTest(
        folder=test.folder_of(checkpoint),
        final_test=test.manifest(step, "moving").identity(),
        extractor=extractor,
        options=test.options,
        generate=tf.function(in_mode(test.generator, "moving")),
        code_size=test.run.config.code_size,
        dtype=test.generator.input.dtype,
        targets=test.targets,
        train=split.train,
    )
    known = measuring.stored() is not None
    found = _with_progress(measuring)
    if not known:
        named = {f"features/{name}": value for name, value in found.items()}
        test.log(step, named)
    return found


def saved_model_features(
    test: FinalTest, extractor: Extractor, options: EvaluateOptions
) -> dict[str, float]:
    """Measures a SavedModel's generator against its test's images.

    Args:
        test: its final test, finished.
        extractor: of the features.
        options: of the verb.

    Returns:
        Numbers by name.
    """
    generate, z, _ = load_generator(newest_version(options.saved_model))
    measuring = FeatureTest(
        folder=test.folder,
        final_test=test.manifest.identity(),
        extractor=extractor,
        options=options,
        generate=generate,
        code_size=z.shape[1],
        dtype=z.dtype,
        targets=test.targets,
    )
    return _with_progress(measuring)


def _with_progress(measuring: FeatureTest) -> dict[str, float]:
    with Progress(measuring.num_images, "images for features") as progress:
        return measuring.run(progress)

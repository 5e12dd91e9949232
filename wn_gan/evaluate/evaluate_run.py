"""The work of `python -m wn_gan.evaluate`."""

from pathlib import Path

import tensorflow as tf
from rich.table import Table

from wn_gan.config import NO_EXTRACTOR, EvaluateOptions
from wn_gan.data.own_images import own_images, resizing_of
from wn_gan.data.pictures import content_sha256
from wn_gan.distribution import is_chief, losing_workers, make_strategy
from wn_gan.errors import bad_flag
from wn_gan.evaluate.controls import sample
from wn_gan.evaluate.final_test import FinalTest
from wn_gan.evaluate.manifest import (
    Manifest,
    search_identity,
)
from wn_gan.evaluate.run_controls import run_controls
from wn_gan.evaluate.run_evaluation import RunEvaluation
from wn_gan.evaluate.run_features import run_features, saved_model_features
from wn_gan.evaluate.search import (
    dependent_batch_size,
    protocol_of,
    reconstructor,
)
from wn_gan.features.extractor import Extractor, open_extractor
from wn_gan.files import output_folder, path_sha256
from wn_gan.generators.saved_model import load_generator, newest_version
from wn_gan.progress import Progress, make_console, say
from wn_gan.runs.trained_run import open_trained_run


def evaluate(options: EvaluateOptions) -> list[dict]:
    """Measures a run or a SavedModel and prints a table.

    Args:
        options: of the verb.

    Returns:
        The summary of each checkpoint and batch-norm mode.

    Raises:
        UserError: for a run, images or options that cannot be used; then
            nothing has been written.
    """
    strategy = make_strategy(options)
    with losing_workers(strategy):
        if options.saved_model is not None:
            return [_evaluate_saved_model(options, strategy)]
        return _evaluate_run(options, strategy)


def _evaluate_run(
    options: EvaluateOptions, strategy: tf.distribute.Strategy
) -> list[dict]:
    run = open_trained_run(options.run_dir)
    split = run.load_split(options.data_dir)
    checkpoints = run.checkpoints.names(options.checkpoint)
    test = RunEvaluation(run, split, options, strategy)
    jobs = [(name, mode) for name in checkpoints for mode in test.modes()]
    summaries = []
    chief = is_chief(strategy)
    total = len(jobs) * len(test.targets)
    extractor = _extractor(options)
    with Progress(total, "images", shown=chief) as progress:
        for name, mode in jobs:
            summaries.append(test.measure(name, mode, progress))
    controls = run_controls(test, split) if options.controls else {}
    beside = {f"baselines, of {test.main_checkpoint()}": controls}
    if chief and extractor is not None:
        for name in checkpoints:
            found = run_features(test, split, extractor, name)
            beside[f"features, of {name}"] = found
    if chief:
        _print(summaries, beside, test.folder)
        say(
            f"next: python -m wn_gan.compare {options.run_dir} <another run> "
            "--output=report"
        )
    return summaries


def _extractor(options: EvaluateOptions) -> Extractor | None:
    """The extractor, opened before anything is measured."""
    if options.feature_extractor == NO_EXTRACTOR:
        return None
    return open_extractor(options.feature_extractor)


def _evaluate_saved_model(
    options: EvaluateOptions, strategy: tf.distribute.Strategy
) -> dict:
    """Measures `--saved_model` on `--images`, into `--output`."""
    say(f"{options.saved_model}: its own graph is run on this machine")
    extractor = _extractor(options)
    test = saved_model_test(options, strategy)
    chief = is_chief(strategy)
    with Progress(len(test.targets), "images", shown=chief) as progress:
        summary = test.run(progress)
    features = {}
    if chief and extractor is not None:
        features = saved_model_features(test, extractor, options)
    if chief:
        _print([summary], {"features": features}, test.folder)
    return summary


def saved_model_test(
    options: EvaluateOptions, strategy: tf.distribute.Strategy | None = None
) -> FinalTest:
    """The test of a SavedModel's generator.

    Args:
        options: with `saved_model`, `images` and `output`.
        strategy: to search under.

    Raises:
        UserError: for another model, or images that it cannot make.
    """
    path = newest_version(options.saved_model)
    generate, z, image = load_generator(path)
    shape = tuple(image.shape[1:])
    if None in shape:
        raise bad_flag(
            "saved_model", path, f"makes images of no fixed size: {list(shape)}"
        )
    targets, names = own_images(options.images, shape)
    chosen = sample(len(targets), options.num_images or 0)
    targets = targets[chosen]
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        search = reconstructor(generate, shape, z.shape[1], options, z.dtype)
    return FinalTest(
        folder=output_folder(options.output),
        protocol=protocol_of(
            targets, options.images, options, resizing_of(options.images)
        ),
        manifest=Manifest(
            generator_sha256=path_sha256(path),
            step=None,
            images_sha256=content_sha256(targets),
            search=search_identity(options),
            batch_size=dependent_batch_size(options, "moving"),
        ),
        provenance={"saved_model": options.saved_model},
        targets=targets,
        ids=[names[i] for i in chosen],
        search=search,
        write_pairs=options.write_pairs,
        strategy=strategy,
    )


def _print(
    summaries: list[dict], beside: dict[str, dict], folder: Path
) -> None:
    """Prints a table of the tests, and sections of what is beside them."""
    protocol = summaries[0]["protocol"]
    table = Table(title=f"reconstruction loss, protocol {protocol}")
    for column in ("generator", "mean", "95%", "median"):
        table.add_column(column, no_wrap=True)
    for summary in summaries:
        low, high = summary["interval_95"]
        table.add_row(
            _label(summary["provenance"]),
            f"{summary['mean']:.5f}",
            f"{low:.5f} to {high:.5f}",
            f"{summary['median']:.5f}",
        )
    for title, values in beside.items():
        if values:
            table.add_section()
            table.add_row(title)
        for name, value in values.items():
            number = f"{value:,}" if name.startswith("num_") else f"{value:.5f}"
            table.add_row(f"  {name.replace('_', ' ')}", number)
    make_console().print(table)
    say(f"written to {folder}")


def _label(source: dict) -> str:
    if "checkpoint" not in source:
        return source["saved_model"]
    text = f"{source['checkpoint']} (step {source['step']:,})"
    if source.get("average"):
        text += ", moving average"
    if "batch" in source["norm"]:
        text += f", {source['batch_norm']} statistics"
    return text

"""The work of `python -m wn_gan.export`."""

import dataclasses
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from wn_gan.config import ExportOptions
from wn_gan.export.formats import check_format, write_format
from wn_gan.export.model_card import model_card
from wn_gan.export.served import ServedGenerator
from wn_gan.export.serving_files import write_server_config, write_warmup
from wn_gan.export.verify import TOLERANCES, check_statistics, verify
from wn_gan.export.versions import check_output, new_version, newest_export
from wn_gan.files import output_folder
from wn_gan.progress import say
from wn_gan.runs.checkpoint_file import parts_sha256
from wn_gan.runs.trained_run import TrainedRun, open_trained_run


@dataclasses.dataclass(frozen=True)
class Exported:
    """A checkpoint to export.

    Attributes:
        run: the run.
        name: name of the checkpoint.
        generator: model with the checkpoint's weights or their average.
        step: step of the checkpoint.
        options: options of the verb.
    """

    run: TrainedRun
    name: str
    generator: keras.Model
    step: int
    options: ExportOptions


def export_run(options: ExportOptions) -> Path:
    """Exports a generator and verifies the export.

    With `verify_only` it verifies the newest existing version instead.

    Args:
        options: options of the verb.

    Returns:
        The folder of the version; --output if there is no SavedModel.

    Raises:
        UserError: for an unusable run, checkpoint or folder; nothing has
            been written then.
        VerificationFailed: if the model differs from the checkpoint; a new
            version is then deleted.
    """
    output = Path(options.output).absolute()
    check_output(output)
    there = newest_export(output) if options.verify_only else None
    files = [name for name in options.formats if name != "saved_model"]
    for kind in files:
        check_format(kind)
    exported = _open(options)
    if there is None:
        if "saved_model" in options.formats:
            there = _export(exported, output)
        for kind in files:
            _export_file(exported, kind, output_folder(output))
        return there or output
    served = ServedGenerator(exported.generator, options.dtype)
    _report(there, exported, _verify(there, served, exported))
    return there


def _open(options: ExportOptions) -> Exported:
    run = open_trained_run(options.run_dir)
    (name,) = run.checkpoints.names(options.checkpoint)
    # An export is compared with what the weights give in float32.
    generator = run.untrained_generator(float32=True)
    step = run.restore(generator, name, options.average)
    return Exported(run, name, generator, step, options)


def _export(exported: Exported, output: Path) -> Path:
    options = exported.options
    output_folder(output)
    text = model_card(
        exported.run,
        exported.name,
        exported.step,
        options.average,
        options.dtype,
        parts_sha256({"generator": exported.generator})["generator"],
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        new_version(output) as model,
    ):
        card = Path(folder) / "model_card.md"
        card.write_text(text)
        served = ServedGenerator(
            exported.generator, options.dtype, options.evaluations, card
        )
        save(served, model)
        if not write_warmup(served, model, output.name):
            say("no warm-up requests: install wn_gan[serving]")
        found = _verify(model, served, exported)
    write_server_config(output)
    version = output / model.name.removesuffix(".partial")
    _report(version, exported, found)
    return version


def _export_file(exported: Exported, kind: str, output: Path) -> None:
    path = output / f"generator.{kind}"
    difference = write_format(exported.generator, kind, path)
    say(f"{path}: as the checkpoint within {difference:.1e} (allowed 1e-05)")


def _verify(
    model: Path, served: ServedGenerator, exported: Exported
) -> dict[str, float]:
    if exported.options.average:
        check_statistics(exported.generator, exported.run.config.batch_size)
    return verify(model, served, exported.generator, exported.options.dtype)


def save(served: ServedGenerator, model: Path) -> None:
    """Writes a SavedModel with all signatures."""
    tf.get_logger().setLevel("ERROR")  # it logs a line per asset
    tf.saved_model.save(served, str(model), signatures=served.signatures())


def _report(version: Path, exported: Exported, found: dict[str, float]) -> None:
    size = sum(p.stat().st_size for p in version.rglob("*") if p.is_file())
    say(f"{version}: step {exported.step:,}, {size / 1e6:.1f} MB")
    for name, difference in found.items():
        say(
            f"  {name}: as the checkpoint within {difference:.1e} (allowed "
            f"{TOLERANCES[exported.options.dtype]:g})"
        )
    say(
        f"next: python -m wn_gan.sample --saved_model={version.parent} "
        "--output=samples, or serve it (docs/serving.md)"
    )

"""The work of `python -m wn_gan.export`."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console

from wn_gan.errors import bad_flag
from wn_gan.exporting.card import model_card
from wn_gan.exporting.served import ServedGenerator
from wn_gan.exporting.serving_files import write_server_config, write_warmup
from wn_gan.exporting.verify import TOLERANCES, verify
from wn_gan.exporting.versions import check_output, new_version, newest_version
from wn_gan.model import GAN
from wn_gan.trained import TrainedRun, open_trained


@dataclasses.dataclass(frozen=True)
class Exported:
    """What is exported: a checkpoint of a run, in a dtype.

    Attributes:
        run: the run.
        name: of the checkpoint.
        gan: with the checkpoint's weights.
        step: of the checkpoint.
        average: whether the generator has the moving average of its weights.
        dtype: of the kernels.
    """

    run: TrainedRun
    name: str
    gan: GAN
    step: int
    average: bool
    dtype: str


def export_run(flags: Any) -> Path:
    """Exports the generator that the flags name, and verifies it.

    With `--verify_only` the newest version that is there is verified instead.

    Args:
        flags: of `wn_gan.export`.

    Returns:
        The folder of the version.

    Raises:
        UserError: for a run, a checkpoint or a folder that cannot be used;
            then nothing has been written.
        VerificationFailed: if the model is not the checkpoint's; then a new
            one is gone again.
    """
    output = Path(flags.output).absolute()
    check_output(output)
    if flags.evaluations < 1:
        raise bad_flag("evaluations", flags.evaluations, "must be at least 1")
    there = newest_version(output) if flags.verify_only else None
    exported = _open(flags)
    if there is None:
        return _export(exported, output, flags.evaluations)
    served = ServedGenerator(exported.gan.generator, exported.dtype)
    _tell(there, exported, _verify(there, served, exported))
    return there


def _open(flags: Any) -> Exported:
    run = open_trained(flags.run_dir)
    if flags.checkpoint == "all":
        raise bad_flag("checkpoint", "all", "one at a time: best, last, a step")
    (name,) = run.checkpoint_names(flags.checkpoint)
    gan = run.fresh_gan()
    step = run.restore(gan, name, flags.average)
    return Exported(run, name, gan, step, flags.average, flags.dtype)


def _export(exported: Exported, output: Path, evaluations: int) -> Path:
    text = model_card(
        exported.run,
        exported.name,
        exported.step,
        exported.average,
        exported.dtype,
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        new_version(output) as model,
    ):
        card = Path(folder) / "model_card.md"
        card.write_text(text)
        served = ServedGenerator(
            exported.gan.generator, exported.dtype, evaluations, card
        )
        save(served, model)
        if not write_warmup(served, model, output.name):
            _print("no warm-up requests: they take wn_gan[serving]")
        found = _verify(model, served, exported)
    write_server_config(output)
    version = output / model.name.removesuffix(".partial")
    _tell(version, exported, found)
    return version


def _verify(
    model: Path, served: ServedGenerator, exported: Exported
) -> dict[str, float]:
    return verify(model, served, exported.gan.generator, exported.dtype)


def save(served: ServedGenerator, model: Path) -> None:
    """Writes a SavedModel with all signatures."""
    tf.get_logger().setLevel("ERROR")  # it tells of every asset
    tf.saved_model.save(served, str(model), signatures=served.signatures())


def _tell(version: Path, exported: Exported, found: dict[str, float]) -> None:
    size = sum(p.stat().st_size for p in version.rglob("*") if p.is_file())
    _print(f"{version}: step {exported.step:,}, {size / 1e6:.1f} MB")
    for name, difference in found.items():
        _print(
            f"  {name}: as the checkpoint within {difference:.1e} (allowed "
            f"{TOLERANCES[exported.dtype]:g})"
        )


def _print(line: str) -> None:
    Console(highlight=False, soft_wrap=True).print(line, markup=False)

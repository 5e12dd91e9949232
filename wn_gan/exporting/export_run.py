"""The work of `python -m wn_gan.export`."""

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
from wn_gan.exporting.versions import check_output, new_version
from wn_gan.trained import open_trained


def export_run(flags: Any) -> Path:
    """Exports the generator that the flags name, and verifies it.

    Args:
        flags: of `wn_gan.export`.

    Returns:
        The folder of the new version.

    Raises:
        UserError: for a run, a checkpoint or a folder that cannot be used;
            then nothing has been written.
        VerificationFailed: if the model is not the checkpoint's; then it is
            gone again.
    """
    output = Path(flags.output).absolute()
    check_output(output)
    run = open_trained(flags.run_dir)
    if flags.checkpoint == "all":
        raise bad_flag("checkpoint", "all", "one at a time: best, last, a step")
    if flags.evaluations < 1:
        raise bad_flag("evaluations", flags.evaluations, "must be at least 1")
    (name,) = run.checkpoint_names(flags.checkpoint)
    gan = run.fresh_gan()
    step = run.restore(gan, name, flags.average)
    console = Console(highlight=False, soft_wrap=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        new_version(output) as model,
    ):
        card = Path(folder) / "model_card.md"
        card.write_text(model_card(run, name, step, flags.average, flags.dtype))
        served = ServedGenerator(
            gan.generator, flags.dtype, flags.evaluations, card
        )
        save(served, model)
        if not write_warmup(served, model, output.name):
            console.print(
                "no warm-up requests: they take wn_gan[serving]", markup=False
            )
        found = verify(model, served, gan.generator, flags.dtype)
    write_server_config(output)
    version = output / model.name.removesuffix(".partial")
    _tell(console, version, step, found, flags.dtype)
    return version


def save(served: ServedGenerator, model: Path) -> None:
    """Writes a SavedModel with all signatures."""
    tf.get_logger().setLevel("ERROR")  # it tells of every asset
    tf.saved_model.save(served, str(model), signatures=served.signatures())


def _tell(
    console: Console, version: Path, step: int, found: dict, dtype: str
) -> None:
    size = sum(p.stat().st_size for p in version.rglob("*") if p.is_file())
    console.print(
        f"{version}: step {step:,}, {size / 1e6:.1f} MB", markup=False
    )
    for name, difference in found.items():
        console.print(
            f"  {name}: as the checkpoint within {difference:.1e} (allowed "
            f"{TOLERANCES[dtype]:g})",
            markup=False,
        )

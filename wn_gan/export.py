"""Export: python -m wn_gan.export --run_dir=runs/a --output=saved_models/a.

Writes a run's generator as a SavedModel for TensorFlow Serving, with the next
free version number: normalizations folded into plain kernels, no custom code.
A fresh process of TensorFlow's C loader then runs every signature and compares
with the checkpoint.
"""

import sys

from absl import flags

from wn_gan import cli
from wn_gan.errors import UserError


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of this verb."""

    def define(kind, name, default, text, *more):
        kind(name, default, *more, text, flag_values=flag_values)

    text = flags.DEFINE_string
    define(text, "run_dir", None, "The run whose generator is exported.")
    define(text, "output", None, "Folder of the model: saved_models/<name>.")
    define(text, "checkpoint", "best", "best, last, or a step.")
    define(
        flags.DEFINE_bool,
        "average",
        False,
        "Export the moving average of the generator's weights (of a run with "
        "--g_ema_decay) instead of the weights.",
    )
    define(
        flags.DEFINE_enum,
        "dtype",
        "float32",
        "Of the kernels and of what is computed; z and images stay float32.",
        ["float32", "float16", "bfloat16"],
    )
    define(
        flags.DEFINE_integer,
        "evaluations",
        50,
        "Gradient evaluations of the signature reconstruct.",
    )
    define(
        flags.DEFINE_bool,
        "verify_only",
        False,
        "Write nothing: compare the newest version in --output with the "
        "checkpoint (and --dtype) that it was made from.",
    )


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then exports."""
    for name in ("run_dir", "output"):
        if flag_values[name].value is None:
            raise UserError(f"--{name}: missing")
    from wn_gan.exporting.export_run import export_run

    export_run(flag_values)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

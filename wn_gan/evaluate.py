"""Final test: python -m wn_gan.evaluate --run_dir=runs/quickstart.

Finds the code of every final-test image (or of --images) and writes the
losses, the pairs and a summary to final_test/<protocol>/ of the run.
Interrupted, the same command goes on where it was.
"""

import sys

from absl import flags

from wn_gan import cli
from wn_gan.config import TestOptions
from wn_gan.errors import UserError
from wn_gan.flag_defs import define_options


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of this verb."""

    def define(kind, name, default, text):
        kind(name, default, text, flag_values=flag_values)

    text = flags.DEFINE_string
    define(text, "run_dir", None, "The run to test.")
    define(text, "data_dir", None, "Folder of its data, if they have moved.")
    define(text, "checkpoint", "best", "best, last, a step, or all.")
    define(
        flags.DEFINE_bool,
        "average",
        False,
        "Test the moving average of the generator's weights (of a run with "
        "--g_ema_decay) instead of the weights.",
    )
    define(
        text,
        "saved_model",
        None,
        "Anyone's SavedModel of z -> images instead of a run; with --images "
        "and --output.",
    )
    define(text, "output", None, "Folder instead of final_test/<protocol>.")
    define(
        text,
        "images",
        None,
        "folder:<path>, zip:<path> or npz:<path> (uint8) instead of the "
        "final test's images.",
    )
    define(
        flags.DEFINE_bool,
        "controls",
        True,
        "Also measure what the score is to be held against.",
    )
    define_options(TestOptions, flag_values)


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then tests."""
    if (flag_values.run_dir is None) == (flag_values.saved_model is None):
        raise UserError("--run_dir or --saved_model: name one of the two")
    from wn_gan.evaluation.evaluate_run import evaluate_run

    evaluate_run(flag_values)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

"""Final test: python -m wn_gan.evaluate --run_dir=runs/quickstart.

Searches the code of every final-test image (or of --images) and writes the
losses, a grid and a summary to final_test/<protocol>/ of the run. Run
again after an interruption, it goes on where it was.
"""

import sys

from wn_gan import cli
from wn_gan.config import EvaluateOptions


def main(options: EvaluateOptions) -> None:
    """Tests a run or a SavedModel."""
    from wn_gan.evaluate.evaluate_run import evaluate

    evaluate(options)


KINDS = (EvaluateOptions,)
FIRST = ("run_dir", "images", "solver", "evaluations", "output")

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))

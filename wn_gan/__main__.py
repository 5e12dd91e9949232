"""GANs with batch and weight normalization: python -m wn_gan <verb>.

train      trains a GAN
evaluate   runs the final test of a run or of a SavedModel
compare    writes a report on several runs
study      trains, tests and compares a grid of runs
sample     writes images of a trained generator
export     writes a SavedModel of a generator for TensorFlow Serving
client     requests images from a TensorFlow Serving server
runs       lists run folders: norm, data, steps, loss, state
prepare    inspects data, or crops and resizes it before training

`python -m wn_gan <verb> --help` shows the verb's flags; `python -m
wn_gan.<verb>` is the same command.
"""

import runpy
import sys

from wn_gan.errors import nearest

VERBS = tuple(line.split()[0] for line in __doc__.split("\n\n")[1].splitlines())


def main() -> int:
    """Runs the verb given on the command line; returns the exit status."""
    if len(sys.argv) < 2 or sys.argv[1] in ("--help", "-h"):
        print(__doc__.strip())
        return 0
    verb = sys.argv.pop(1)
    if verb not in VERBS:
        hint = nearest(verb, VERBS) or ", ".join(VERBS)
        print(f"error: {verb}: no such verb; try {hint}", file=sys.stderr)
        return 2
    runpy.run_module(f"wn_gan.{verb}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

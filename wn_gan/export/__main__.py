"""Export: python -m wn_gan.export --run_dir=runs/a --output=saved_models/a.

Writes a run's generator as a SavedModel for TensorFlow Serving, under the next
free version number. Normalizations are folded into plain kernels, so the model
needs no custom code. TensorFlow's C loader then runs every signature in a new
process, and the results are compared with those of the checkpoint.
"""

import sys

from wn_gan import cli
from wn_gan.config import ExportOptions


def main(options: ExportOptions) -> None:
    """Exports a generator, or verifies an export."""
    from wn_gan.export.export_run import export_run

    export_run(options)


KINDS = (ExportOptions,)
FIRST = ("run_dir", "output")

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))

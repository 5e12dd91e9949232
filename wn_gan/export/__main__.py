"""Export: python -m wn_gan.export --run_dir=runs/a --output=saved_models/a.

Writes a run's generator as a SavedModel for TensorFlow Serving, with the next
free version number: normalizations folded into plain kernels, no custom code.
A fresh process of TensorFlow's C loader then runs every signature and compares
with the checkpoint.
"""

import sys

from wn_gan import cli
from wn_gan.config import ExportOptions


def main(options: ExportOptions) -> None:
    """Exports a generator, or verifies an export."""
    from wn_gan.export.export_run import export_run

    export_run(options)


KINDS = (ExportOptions,)

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main))

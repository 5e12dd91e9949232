"""Samples: python -m wn_gan.sample --run_dir=runs/a --output=samples/a.

Draws the generator of a run or of a SavedModel: a grid, single PNGs, arrays,
walks between codes, nearest training images, the history of a run. Each seed
gives one code: the same command writes the same bytes, and the signature
`sample` of an export makes the same images of the same seeds.
"""

import sys

from wn_gan import cli
from wn_gan.config import SampleOptions


def main(options: SampleOptions) -> None:
    """Draws the pictures."""
    from wn_gan.sample.sample_run import sample

    sample(options)


KINDS = (SampleOptions,)

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main))

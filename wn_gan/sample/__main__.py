"""Samples: python -m wn_gan.sample --run_dir=runs/a --output=samples/a.

Writes images of a generator, from a run or a SavedModel: a grid, single PNGs,
arrays, interpolations, nearest training images, the history of a run. Each
seed gives one code: the same command writes the same bytes, and the signature
`sample` of an export returns the same images for the same seeds.
"""

import sys

from wn_gan import cli
from wn_gan.config import SampleOptions


def main(options: SampleOptions) -> None:
    """Writes the images."""
    from wn_gan.sample.sample_run import sample

    sample(options)


KINDS = (SampleOptions,)
FIRST = ("run_dir", "saved_model", "output", "num_images", "formats")

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))

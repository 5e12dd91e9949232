"""Samples: python -m wn_gan.sample --run_dir=runs/a --output=samples/a.

Draws a run's generator, or any SavedModel's: a grid, single PNGs, arrays, walks
between codes, nearest training images, the history of a run. One code a seed:
the same command writes the same bytes, and an exported model's `sample` makes
the same images of the same seeds.
"""

import sys
from collections.abc import Callable

from absl import flags

from wn_gan import cli
from wn_gan.errors import UserError


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of this verb: whose images, and which pictures of them."""

    def define(kind, name, default, text, *more):
        kind(name, default, *more, text, flag_values=flag_values)

    _define_source(define)
    _define_pictures(define)


def _define_source(define: Callable) -> None:
    text, switch = flags.DEFINE_string, flags.DEFINE_bool
    define(text, "run_dir", None, "The run whose generator is drawn.")
    define(text, "checkpoint", "best", "best, last, or a step.")
    define(switch, "average", False, "The moving average of its weights.")
    define(text, "data_dir", None, "Folder of its data, if they have moved.")
    define(
        text,
        "saved_model",
        None,
        "Anyone's SavedModel of z -> images instead of a run.",
    )
    define(text, "output", None, "Folder of the pictures.")


def _define_pictures(define: Callable) -> None:
    number, switch = flags.DEFINE_integer, flags.DEFINE_bool
    define(
        flags.DEFINE_list,
        "formats",
        ["grid"],
        "What to write of the samples: grid, png (one each), npz (arrays).",
    )
    define(number, "num_images", 64, "How many samples.")
    define(number, "seed", 0, "Of the first sample; the next ones follow.")
    define(
        flags.DEFINE_float,
        "truncation",
        1e9,
        "Codes within so many standard deviations (truncation trick).",
    )
    define(
        number,
        "interpolate",
        0,
        "Walk between so many codes, spherically: a strip and an animation.",
    )
    define(
        switch,
        "neighbours",
        False,
        "Draw the nearest training images beside the first samples.",
    )
    define(
        switch,
        "timeline",
        False,
        "Animate the sample grids that the run has left.",
    )
    define(
        flags.DEFINE_enum,
        "animation",
        "webp",
        "Format of animations.",
        ["webp", "gif"],
    )


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then draws."""
    if (flag_values.run_dir is None) == (flag_values.saved_model is None):
        raise UserError("--run_dir or --saved_model: name one of the two")
    if flag_values.output is None:
        raise UserError("--output: missing; name the folder of the pictures")
    from wn_gan.sampling.sample_run import sample

    sample(flag_values)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

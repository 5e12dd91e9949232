"""Client: python -m wn_gan.client --address=host:8500 --model=a --output=out.

Asks a TensorFlow Serving server that serves an exported generator: samples as a
grid and as PNGs that the server has encoded, or, with --images, the nearest
that the generator comes to them.
"""

import sys

from absl import flags

from wn_gan import cli
from wn_gan.errors import UserError, bad_flag


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of this verb."""

    def define(kind, name, default, text, *more):
        kind(name, default, *more, text, flag_values=flag_values)

    text, number = flags.DEFINE_string, flags.DEFINE_integer
    real = flags.DEFINE_float
    define(text, "address", None, "host:port of the server.")
    define(text, "model", None, "Name of the model.")
    define(text, "output", None, "Folder of the pictures.")
    define(
        flags.DEFINE_enum,
        "protocol",
        "grpc",
        "grpc (by custom port 8500; needs wn_gan[serving]) or rest (8501).",
        ["grpc", "rest"],
    )
    define(real, "timeout", 60.0, "Seconds that a call may take.")
    define(number, "num_images", 16, "How many samples.")
    define(number, "seed", 0, "Of the first sample; the next ones follow.")
    define(real, "truncation", 1e9, "See wn_gan.sample.")
    define(
        text,
        "images",
        None,
        "folder:<path>, zip:<path> or npz:<path> (uint8): images to "
        "reconstruct.",
    )


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then asks."""
    for name in ("address", "model", "output"):
        if flag_values[name].value is None:
            raise UserError(f"--{name}: missing")
    for name, lowest in (("num_images", 1), ("seed", 0)):
        value = flag_values[name].value
        if value < lowest:
            raise bad_flag(name, value, f"must be at least {lowest}")
    for name in ("truncation", "timeout"):
        value = flag_values[name].value
        if not value > 0:
            raise bad_flag(name, value, "must be above 0")
    from wn_gan.serving.ask import ask

    ask(flag_values)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

"""Trains a GAN: python -m wn_gan.train --flagfile=flags/quickstart.cfg.

Makes the run folder --run_dir, or goes on with the run that is there. Flags
come from the command line and from flag files, the last value wins.
"""

import sys

from absl import flags

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.flag_defs import define_options, options_from_flags


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of `Config` and those of this verb."""
    define_options(Config, flag_values)
    flags.DEFINE_bool(
        "dry_run",
        False,
        "Only show the config, the sizes and an estimate of the time.",
        flag_values=flag_values,
    )
    flags.DEFINE_list(
        "allow_change",
        [],
        "Options that a resumed run may change although its result changes.",
        flag_values=flag_values,
    )


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then trains."""
    config = options_from_flags(Config, flag_values)
    for name in flag_values.allow_change:
        if name not in vars(config):
            raise bad_flag("allow_change", name, "is no option")
    if flag_values.dry_run:
        from wn_gan.dry_run import describe

        describe(config)
        return 0
    if config.run_dir is None:
        raise UserError("--run_dir: missing; name the folder of the run")
    from wn_gan.training import train

    return train(config, flag_values.allow_change)


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

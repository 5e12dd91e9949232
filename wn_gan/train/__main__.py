"""Trains a GAN: python -m wn_gan.train --flagfile=flags/quickstart.cfg.

Creates the run folder --run_dir, or resumes the run in it. Flags come from the
command line and from flag files; the last value wins.
"""

import sys

from wn_gan import cli
from wn_gan.config import UNCHANGEABLE, Config, LaunchOptions
from wn_gan.config.option import require
from wn_gan.errors import bad_flag


def main(config: Config, launch: LaunchOptions) -> int:
    """Trains, or prints a preview; returns the exit status."""
    for name in launch.allow_change:
        if name not in vars(config):
            raise bad_flag("allow_change", name, "no option has this name")
        if name in UNCHANGEABLE:
            raise bad_flag(
                "allow_change",
                name,
                "no run can change it: the weights of its checkpoints would "
                "not fit",
            )
    if launch.dry_run:
        from wn_gan.train.dry_run import describe

        describe(config, launch.allow_change)
        return 0
    require(config, "run_dir", what="name the folder of the run")
    from wn_gan.train.train_run import train

    return train(config, launch.allow_change)


KINDS = (Config, LaunchOptions)
FIRST = (
    "run_dir",
    "dataset",
    "data_dir",
    "norm",
    "train_steps",
    "batch_size",
    "dry_run",
)

if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, KINDS, main, first=FIRST))

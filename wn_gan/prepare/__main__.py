"""Prepares data: python -m wn_gan.prepare --flagfile=flags/lsun_wn.cfg.

Crops and resizes every image once and stores it in --prepared_dir for later
runs. With --inspect it only prints a summary of the data. Takes the flags of
wn_gan.train. Run the same command again to continue after an interruption.
"""

import sys
from pathlib import Path

from wn_gan import cli
from wn_gan.config import Config, DataOptions, PrepareOptions
from wn_gan.config.option import require


def main(config: Config, options: PrepareOptions) -> None:
    """Inspects or prepares the data."""
    if options.inspect:
        from wn_gan.prepare.inspect_data import inspect

        sheet = Path(options.contact_sheet)
        inspect(config, options.inspect_images, sheet)
        return
    require(
        config,
        "prepared_dir",
        what="name the folder for the prepared images, or give --inspect",
    )
    from wn_gan.prepare.prepare_images import prepare_folder

    prepare_folder(config)


KINDS = (Config, PrepareOptions)
FIRST = ("dataset", "data_dir", "prepared_dir", "inspect")

if __name__ == "__main__":
    sys.exit(
        cli.run_verb(
            __doc__,
            KINDS,
            main,
            first=FIRST,
            shown=(PrepareOptions, DataOptions),
        )
    )

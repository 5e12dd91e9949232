"""Prepares data: python -m wn_gan.prepare --flagfile=flags/lsun_wn.cfg.

Crops and resizes every image once, into --prepared_dir, for all runs to come;
with --inspect it only shows what the data are. Takes the flags of
wn_gan.train. Interrupted, the same command goes on where it was.
"""

import sys
from pathlib import Path

from absl import flags

from wn_gan import cli
from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag
from wn_gan.flag_defs import define_options, options_from_flags


def define_flags(flag_values: flags.FlagValues) -> None:
    """The options of `Config` and those of this verb."""
    define_options(Config, flag_values)
    flags.DEFINE_bool(
        "inspect",
        False,
        "Only show counts, sizes, the split and unreadable files, and write "
        "a contact sheet.",
        flag_values=flag_values,
    )
    flags.DEFINE_integer(
        "inspect_images",
        20_000,
        "Images of each part that --inspect decodes, evenly spaced; 0 for all.",
        flag_values=flag_values,
    )
    flags.DEFINE_string(
        "contact_sheet",
        "contact_sheet.png",
        "PNG that --inspect writes.",
        flag_values=flag_values,
    )


def main(flag_values: flags.FlagValues) -> int:
    """Checks the flags, then inspects or prepares."""
    config = options_from_flags(Config, flag_values)
    if flag_values.inspect_images < 0:
        raise bad_flag(
            "inspect_images", flag_values.inspect_images, "must be at least 0"
        )
    if flag_values.inspect:
        from wn_gan.inspection import inspect

        sheet = Path(flag_values.contact_sheet)
        inspect(config, flag_values.inspect_images, sheet)
    elif config.prepared_dir is None:
        raise UserError(
            "--prepared_dir: missing; name the folder for the prepared "
            "images, or give --inspect"
        )
    else:
        prepare_folder(config)
    return 0


def prepare_folder(config: Config) -> None:
    """Fills `config.prepared_dir`.

    Raises:
        UserError: for data or a folder that cannot be used.
    """
    import dataclasses

    from wn_gan.data import load_config_images
    from wn_gan.data.preparing import prepare
    from wn_gan.progress import ImageProgress

    direct = dataclasses.replace(config, prepared_dir=None)
    image_set = load_config_images(direct)
    total = sum(len(part) for part in image_set.parts.values())
    folder = Path(config.prepared_dir).expanduser()
    with ImageProgress(total) as progress:
        manifest = prepare(image_set, folder, progress.advance)
    size = sum(path.stat().st_size for path in folder.glob("*.uint8"))
    print(f"{folder}: {total:,} images, {size / 2**20:,.0f} MiB")
    for part, corrupt in manifest.corrupt.items():
        for position, reason in corrupt.items():
            name = image_set.parts[part].name(position)
            print(f"unreadable: {name}: {reason}")


if __name__ == "__main__":
    sys.exit(cli.run_verb(__doc__, define_flags, main))

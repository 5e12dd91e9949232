"""Checks that a folder's run goes on with its own options and images."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from wn_gan.config import Config, changed_options, fitting_options
from wn_gan.errors import UserError, bad_flag
from wn_gan.files import is_partial
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_json


def check_run(
    folder: RunFolder, config: Config, allow_change: Sequence[str] = ()
) -> None:
    """Checks that a run with this config may write to a folder.

    Args:
        folder: of the run.
        config: config of the run to start or resume.
        allow_change: options that may differ from the stored config
            although they change the result.

    Raises:
        UserError: if the path is not a folder, the folder holds other
            files, or its run has other options.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise bad_flag("run_dir", folder.path, "is not a folder")
    if not folder.config.exists():
        if folder.path.exists() and _foreign(folder):
            raise bad_flag(
                "run_dir",
                folder.path,
                "holds files but no run (no config.cfg): name a new folder",
            )
        return
    old = folder.read_config()
    allowed = set(allow_change) & set(fitting_options(old, config))
    changed = set(changed_options(old, config)) - allowed
    if changed:
        raise _changed(folder.path, old, config, sorted(changed))


def _foreign(folder: RunFolder) -> set[str]:
    """Names in the folder, except leftovers of a start killed early."""
    own = {".lock", folder.split.name}
    names = {path.name for path in folder.path.iterdir()} - own
    return {name for name in names if not is_partial(name)}


def with_own_sizes(folder: RunFolder, config: Config) -> Config:
    """Sizes of the tests as a run began, where they are defaults.

    Another version may have had other defaults.

    Args:
        folder: of the run, which need not have begun.
        config: of the run.
    """
    stored = read_json(folder.split)
    if stored is None or not folder.config.exists():
        return config  # a split alone is of a start that was killed early
    counts = stored["num_images"]
    return dataclasses.replace(
        config,
        running_test_images=config.running_test_images
        or counts["running_test"],
        final_test_images=config.final_test_images or counts["final_test"],
    )


def check_split(folder: RunFolder, description: Mapping, allowed: bool) -> None:
    """Compares the split with an existing `split.json`.

    Args:
        folder: of the run.
        description: from `Split.description`.
        allowed: whether the images may differ from the stored ones.

    Raises:
        UserError: if the run started with other images.
    """
    old = read_json(folder.split)
    if old is None or allowed:
        return
    if old.get("sha256") != description["sha256"]:
        raise UserError(
            f"--dataset={description['dataset']}: the images are not "
            f"those that the run in {folder.path} began with "
            "(split.json); give --allow_change=dataset to continue"
        )


def _changed(
    path: Path, old: Config, new: Config, names: Sequence[str]
) -> UserError:
    """The error for a run of other options; it names all of them."""
    given = " ".join(f"--{name}={getattr(new, name)}" for name in names)
    own = " ".join(f"--{name}={getattr(old, name)}" for name in names)
    way_out = "keep the run's, or name another --run_dir"
    if set(names) <= set(fitting_options(old, new)):
        way_out += f", or give --allow_change={','.join(names)}"
    return UserError(
        f"{given}: the run in {path} has {own}, and this alters its result: "
        f"{way_out}"
    )

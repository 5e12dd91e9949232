"""Batch norm's statistics of a generator whose weights are averages."""

import contextlib

import keras

from wn_gan.errors import UserError
from wn_gan.networks.statistics import estimate_statistics
from wn_gan.runs.checkpoint_file import (
    arrays_sha256,
    assign,
    part_variables,
    read,
    value,
    write,
)
from wn_gan.runs.folder import RunFolder


def set_average_statistics(
    generator: keras.Model, batch_size: int, folder: RunFolder
) -> None:
    """Sets the moving statistics to those of the generator's weights.

    They are estimated once per set of weights and kept in the run folder, in
    `average_statistics/<hash>.npz`.

    Args:
        generator: its trainable weights are moving averages.
        batch_size: of the fresh codes of the estimate.
        folder: of the run; a read-only one is not written to.
    """
    names = part_variables({"generator": generator})
    trainable = {
        name: value(variable)
        for name, variable in names.items()
        if any(variable is w for w in generator.trainable_variables)
    }
    path = folder.average_statistics / f"{arrays_sha256(trainable)[:16]}.npz"
    try:
        arrays, metadata = read(path)
        if metadata["batch_size"] == batch_size:
            assign({"generator": generator}, arrays, path)
            return
    except (UserError, KeyError):
        pass  # not estimated yet, or the file is damaged
    estimate_statistics(generator, batch_size)
    arrays = {name: value(variable) for name, variable in names.items()}
    with contextlib.suppress(OSError):
        write(path, arrays, {"batch_size": batch_size})

"""The options of one training run."""

import dataclasses

from wn_gan.config.data_options import DataOptions
from wn_gan.config.device_options import DeviceOptions
from wn_gan.config.failure_options import FailureOptions
from wn_gan.config.network_options import NetworkOptions
from wn_gan.config.option import check_values
from wn_gan.config.run_options import RunOptions
from wn_gan.config.training_options import TrainingOptions

_INTERVALS = tuple(
    field.name
    for kind in (RunOptions, FailureOptions)
    for field in dataclasses.fields(kind)
    if field.name.endswith("_every_steps")
)


# A checkpoint holds weights of these shapes: no run can change them.
UNCHANGEABLE = (
    "architecture",
    "norm",
    "g_norm",
    "d_norm",
    "code_size",
    "features",
    "blocks",
    "levels",
    "image_width",
    "image_height",
    "channels",
    "optimizer",
)
# Its optimizers hold the scale of the loss too.
_SCALED = "mixed_float16"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(
    RunOptions,
    FailureOptions,
    DeviceOptions,
    TrainingOptions,
    NetworkOptions,
    DataOptions,
):
    """The options of one training run, checked on construction.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    def __post_init__(self) -> None:
        check_values(self)
        self.check_data()
        self.check_even()
        self.check_networks()
        self.check_training()
        self.check_devices()

    def steps_until_due(self, step: int) -> int:
        """Steps from a step to the next one after which anything is due.

        Args:
            step: steps done, below `train_steps`.
        """
        intervals = [getattr(self, name) for name in _INTERVALS]
        waits = [every - step % every for every in intervals if every]
        return min([*waits, self.train_steps - step])


# Unset, it follows from the data, which `split.json` compares; an earlier
# version wrote its default.
_OF_THE_DATA = ("running_test_images", "final_test_images")


def fitting_options(old: Config, new: Config) -> list[str]:
    """Returns names of options with which a checkpoint fits a changed run.

    The others change the variables that it holds.
    """
    names = {field.name for field in dataclasses.fields(old)}
    stuck = set(UNCHANGEABLE)
    for name in ("warmup_steps", "g_ema_decay"):
        if bool(getattr(old, name)) != bool(getattr(new, name)):
            stuck.add(name)
    if (old.precision == _SCALED) != (new.precision == _SCALED):
        stuck.add("precision")
    return sorted(names - stuck)


def changed_options(old: Config, new: Config) -> list[str]:
    """Returns names of changed options that alter a run's result.

    Not among them: another path of the data, which may hold the same images
    (each verb compares these), and sizes that only one of the two names.
    """
    changed = [
        field.name
        for field in dataclasses.fields(old)
        if not field.metadata["may_change"]
        and getattr(old, field.name) != getattr(new, field.name)
    ]
    unset = [
        name
        for name in _OF_THE_DATA
        if None in (getattr(old, name), getattr(new, name))
    ]
    moved = ["dataset"] if old.has_path and new.has_path else []
    return [name for name in changed if name not in (*unset, *moved)]

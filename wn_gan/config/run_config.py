"""The options of one training run."""

import dataclasses

from wn_gan.config.data_options import DataOptions
from wn_gan.config.device_options import DeviceOptions
from wn_gan.config.network_options import NetworkOptions
from wn_gan.config.option import check_values
from wn_gan.config.run_options import RunOptions
from wn_gan.config.training_options import TrainingOptions
from wn_gan.errors import bad_flag

_INTERVALS = (
    "train_steps",
    "log_every_steps",
    "guard_every_steps",
    "diagnostics_every_steps",
    "test_every_steps",
    "sample_every_steps",
    "checkpoint_every_steps",
    "keep_every_steps",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(
    RunOptions, DeviceOptions, TrainingOptions, NetworkOptions, DataOptions
):
    """The options of one training run, checked on construction.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    def __post_init__(self) -> None:
        check_values(self)
        self.check_data()
        self.check_networks()
        self.check_training()
        self.check_devices()
        self._check_intervals()

    def _check_intervals(self) -> None:
        for name in _INTERVALS:
            value = getattr(self, name)
            if value % self.steps_per_execution:
                raise bad_flag(
                    name,
                    value,
                    "must be a multiple of "
                    f"--steps_per_execution={self.steps_per_execution}",
                )


def changed_options(old: Config, new: Config) -> list[str]:
    """Returns names of changed options that alter a run's result."""
    return [
        field.name
        for field in dataclasses.fields(old)
        if not field.metadata["may_change"]
        and getattr(old, field.name) != getattr(new, field.name)
    ]

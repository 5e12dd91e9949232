"""Options of the devices and machines of a run."""

import dataclasses

from wn_gan.config.option import option
from wn_gan.errors import bad_flag

STRATEGIES = ("auto", "default", "mirrored", "multi_worker")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Devices and machines of a run; they do not change its result."""

    strategy: str = option(
        "auto",
        "'default': one device; 'mirrored': all GPUs of this machine; "
        "'multi_worker': several machines, from --worker_hosts, TF_CONFIG or "
        "Slurm; 'auto': 'mirrored' if there is more than one GPU.",
        choices=STRATEGIES,
        may_change=True,
    )
    num_virtual_devices: int | None = option(
        None,
        "Number of logical devices to split the CPU into, to try 'mirrored' "
        "and 'multi_worker'.",
        minimum=1,
        may_change=True,
    )
    worker_hosts: str | None = option(
        None,
        "All workers as host:port, separated by commas; the first is the "
        "chief and writes all files.",
        may_change=True,
    )
    worker_index: int | None = option(
        None,
        "Index of this process in --worker_hosts, from 0.",
        minimum=0,
        may_change=True,
    )

    test_batch_size: int = option(
        100,
        "Images per batch and replica in a test; changes memory, and results "
        "only of paper_batch_mean and of batch norm's batch statistics.",
        minimum=1,
        may_change=True,
    )

    def check_devices(self) -> None:
        """Checks the options that depend on each other.

        Raises:
            UserError: for an invalid combination; names a flag.
        """
        by_hand = self.worker_hosts is not None
        if by_hand and self.strategy != "multi_worker":
            raise bad_flag(
                "worker_hosts",
                self.worker_hosts,
                "needs --strategy=multi_worker",
            )
        for host in self.worker_hosts.split(",") if by_hand else ():
            name, _, port = host.rpartition(":")
            if not name or not port.isdigit():
                raise bad_flag(
                    "worker_hosts",
                    self.worker_hosts,
                    f"{host} must be host:port",
                )

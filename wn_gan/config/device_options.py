"""Options of the devices and machines that a run takes place on."""

import dataclasses

from wn_gan.config.option import option
from wn_gan.errors import bad_flag

STRATEGIES = ("auto", "default", "mirrored", "multi_worker")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where a run takes place; its result does not depend on it."""

    strategy: str = option(
        "auto",
        "'default': one device; 'mirrored': all GPUs of this machine; "
        "'multi_worker': several machines, by --worker_hosts, TF_CONFIG or "
        "Slurm; 'auto': mirrored where there is more than one GPU.",
        choices=STRATEGIES,
        may_change=True,
    )
    num_virtual_devices: int | None = option(
        None,
        "Logical devices to make of the CPU, for trials of 'mirrored' and "
        "'multi_worker'.",
        minimum=1,
        may_change=True,
    )
    worker_hosts: str | None = option(
        None,
        "All workers as host:port, separated by commas; the first one is the "
        "chief, which writes.",
        may_change=True,
    )
    worker_index: int | None = option(
        None,
        "Which of --worker_hosts this process is, from 0.",
        minimum=0,
        may_change=True,
    )

    test_batch_size: int = option(
        100,
        "Images that a test searches at once on each replica; changes memory, "
        "not results.",
        minimum=1,
        may_change=True,
    )

    def check_devices(self) -> None:
        """Checks the options that depend on each other.

        Raises:
            UserError: naming the flag.
        """
        by_hand = self.worker_hosts is not None
        if by_hand and self.strategy != "multi_worker":
            raise bad_flag(
                "worker_hosts",
                self.worker_hosts,
                "goes with --strategy=multi_worker",
            )
        for host in self.worker_hosts.split(",") if by_hand else ():
            name, _, port = host.rpartition(":")
            if not name or not port.isdigit():
                raise bad_flag(
                    "worker_hosts", self.worker_hosts, f"{host} is no host:port"
                )

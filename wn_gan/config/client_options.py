"""Options of `wn_gan.client`."""

import dataclasses

from wn_gan.config.code_options import CodeOptions
from wn_gan.config.option import check_values, option, require

TRANSPORTS = ("grpc", "rest")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClientOptions(CodeOptions):
    """Which server is asked, and for what.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    address: str | None = option(None, "host:port of the server.")
    model: str | None = option(None, "Name of the model.")
    output: str | None = option(None, "Folder of the pictures.")
    protocol: str = option(
        "grpc",
        "'grpc' (usually port 8500; needs wn_gan[serving]) or 'rest' (8501).",
        choices=TRANSPORTS,
    )
    timeout: float = option(60.0, "Seconds that a call may take.", above=0)
    num_images: int = option(16, "Number of samples.", minimum=1)
    images: str | None = option(
        None,
        "folder:<path>, zip:<path> or npz:<path> (uint8): images to "
        "reconstruct.",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "address", "model", "output")

"""Options of `wn_gan.client`."""

import dataclasses

from wn_gan.config.code_options import CodeOptions
from wn_gan.config.option import check_values, option, require

TRANSPORTS = ("grpc", "rest")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClientOptions(CodeOptions):
    """Server, model and number of images.

    Raises:
        UserError: for an invalid value; the message names the flag.
    """

    address: str | None = option(None, "host:port of the server.")
    model: str | None = option(None, "Name of the model.")
    output: str | None = option(None, "Folder for the images.")
    protocol: str = option(
        "grpc",
        "'grpc' (usually port 8500; needs wn_gan[serving]) or 'rest' (8501).",
        choices=TRANSPORTS,
    )
    timeout: float = option(60.0, "Timeout of a call in seconds.", above=0)
    num_images: int = option(16, "Number of samples.", minimum=1)
    images: str | None = option(
        None,
        "Images to reconstruct: folder:<path>, zip:<path> or npz:<path> "
        "(uint8).",
    )

    def __post_init__(self) -> None:
        check_values(self)
        require(self, "address", "model", "output")

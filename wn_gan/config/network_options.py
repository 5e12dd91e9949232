"""Options of the networks."""

import dataclasses

from wn_gan.config.option import option
from wn_gan.errors import bad_flag

NORMS = (
    "none",
    "batch",
    "weight",
    "weight_affine",
    "weight_data_init",
    "mean_only_batch",
    "spectral",
    "layer",
    "instance",
    "group",
)
ARCHITECTURES = ("dcgan", "resnet", "resnet21")
RESNET_FEATURES = (64, 128, 256, 384, 512)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Architecture, normalization and size of the two networks."""

    architecture: str = option(
        "dcgan",
        "'dcgan', 'resnet' (--features and --blocks say how large), or "
        "'resnet21', the paper's of 21 layers.",
        choices=ARCHITECTURES,
    )
    norm: str = option(
        "weight", "Normalization of both networks.", choices=NORMS
    )
    g_norm: str | None = option(
        None,
        "Normalization of the generator, if it differs from --norm.",
        choices=NORMS,
    )
    d_norm: str | None = option(
        None,
        "Normalization of the discriminator, if it differs from --norm.",
        choices=NORMS,
    )
    sync_batch_norm: bool = option(
        False,
        "Batch norm over the global batch, not over each replica's part.",
    )
    code_size: int = option(128, "Length of the latent code z.", minimum=1)
    features: str | None = option(
        None,
        "Channels at each level, the one next to the image first, e.g. "
        "64,128,256; for a dcgan one number, doubled at each level. Default: "
        "64, and for a resnet 64,128,256,384,512.",
    )
    blocks: str | None = option(
        None,
        "Residual blocks of a resnet: one number for all levels (default 1), "
        "or one for each.",
    )
    levels: int | None = option(
        None,
        "Halvings of the image in a dcgan; default: the paper's rule, until "
        "the longer side is below 8.",
        minimum=1,
    )

    @property
    def generator_norm(self) -> str:
        """`--g_norm`, or `--norm`."""
        return self.g_norm or self.norm

    @property
    def discriminator_norm(self) -> str:
        """`--d_norm`, or `--norm`."""
        return self.d_norm or self.norm

    @property
    def network_name(self) -> str:
        """Architecture and norms in a word or two, as tables show them."""
        norms = [self.generator_norm, self.discriminator_norm]
        name = (
            norms[0] if norms[0] == norms[1] else f"g:{norms[0]} d:{norms[1]}"
        )
        if self.architecture == "dcgan":
            return name
        return f"{self.architecture} {name}"

    @property
    def feature_list(self) -> tuple[int, ...]:
        """The numbers of `--features`."""
        if self.features is not None:
            return _numbers("features", self.features)
        return (64,) if self.architecture == "dcgan" else RESNET_FEATURES

    @property
    def block_list(self) -> tuple[int, ...]:
        """Blocks of each level of a resnet."""
        default = "2" if self.architecture == "resnet21" else "1"
        blocks = _numbers("blocks", self.blocks or default)
        levels = len(self.feature_list)
        return blocks * levels if len(blocks) == 1 else blocks

    def check_networks(self) -> None:
        """Checks what must fit together."""
        features, blocks = self.feature_list, self.block_list
        if self.architecture == "dcgan":
            if self.blocks is not None:
                raise bad_flag("blocks", self.blocks, "a dcgan has none")
            if len(features) > 1:
                raise bad_flag(
                    "features", self.features, "a dcgan takes one number"
                )
            return
        if self.levels is not None:
            raise bad_flag(
                "levels", self.levels, "a resnet has one for each of --features"
            )
        if len(blocks) != len(features):
            raise bad_flag(
                "blocks",
                self.blocks,
                f"one number, or one for each of {len(features)} levels",
            )
        if self.architecture == "resnet21" and (
            self.features is not None or self.blocks is not None
        ):
            name = "features" if self.features is not None else "blocks"
            raise bad_flag(
                name,
                getattr(self, name),
                "resnet21 is fixed; for others give --architecture=resnet",
            )


def _numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in str(text).split(","))
    except ValueError:
        numbers = (0,)
    if min(numbers) < 1:
        raise bad_flag(
            name, text, "must be whole numbers from 1 on, e.g. 64,128"
        )
    return numbers

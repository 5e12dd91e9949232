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
# What other texts call them.
NORM_ALIASES = {
    "bn": "batch",
    "batchnorm": "batch",
    "gn": "group",
    "in": "instance",
    "ln": "layer",
    "no": "none",
    "off": "none",
    "sn": "spectral",
    "wn": "weight",
    "weightnorm": "weight",
}
ARCHITECTURES = ("dcgan", "resnet", "resnet21")
DCGAN_FEATURES = (64,)
RESNET_FEATURES = (64, 128, 256, 384, 512)
RESNET21_BLOCKS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Architecture, normalization and size of the two networks."""

    architecture: str = option(
        "dcgan",
        "'dcgan', 'resnet' (sized by --features and --blocks), or "
        "'resnet21' (the paper's network of 21 layers).",
        choices=ARCHITECTURES,
    )
    norm: str = option(
        "weight",
        "Normalization of both networks.",
        choices=NORMS,
        aliases=NORM_ALIASES,
    )
    g_norm: str | None = option(
        None,
        "Normalization of the generator; default: --norm.",
        choices=NORMS,
        aliases=NORM_ALIASES,
    )
    d_norm: str | None = option(
        None,
        "Normalization of the discriminator; default: --norm.",
        choices=NORMS,
        aliases=NORM_ALIASES,
    )
    sync_batch_norm: bool = option(
        False,
        "Compute batch norm's statistics over the global batch, not per "
        "replica.",
    )
    code_size: int = option(128, "Length of the latent code z.", minimum=1)
    features: tuple[int, ...] | None = option(
        None,
        "Channels per level, starting next to the image, e.g. 64,128,256; "
        "for a dcgan one number, doubled at each level. Default: "
        f"{DCGAN_FEATURES[0]}; for a resnet "
        f"{','.join(map(str, RESNET_FEATURES))}.",
        minimum=1,
    )
    blocks: tuple[int, ...] | None = option(
        None,
        "Residual blocks per level of a resnet: one number for all levels "
        "(default 1), or one number per level.",
        minimum=1,
    )
    levels: int | None = option(
        None,
        "Number of times that a dcgan halves the image; default: the "
        "paper's rule, until the longer side is below 8 pixels.",
        minimum=1,
    )

    @property
    def generator_norm(self) -> str:
        """Norm of the generator: `--g_norm`, else `--norm`."""
        return self.g_norm or self.norm

    @property
    def discriminator_norm(self) -> str:
        """Norm of the discriminator: `--d_norm`, else `--norm`."""
        return self.d_norm or self.norm

    @property
    def network_name(self) -> str:
        """Short name of architecture and norms, for tables."""
        norms = [self.generator_norm, self.discriminator_norm]
        name = (
            norms[0] if norms[0] == norms[1] else f"g:{norms[0]} d:{norms[1]}"
        )
        if self.architecture == "dcgan":
            return name
        return f"{self.architecture} {name}"

    @property
    def level_features(self) -> tuple[int, ...]:
        """Channels per level: `--features`, else the default."""
        if self.features is not None:
            return self.features
        dcgan = self.architecture == "dcgan"
        return DCGAN_FEATURES if dcgan else RESNET_FEATURES

    @property
    def level_blocks(self) -> tuple[int, ...]:
        """Residual blocks per level of a resnet."""
        one = RESNET21_BLOCKS if self.architecture == "resnet21" else 1
        blocks = self.blocks or (one,)
        levels = len(self.level_features)
        return blocks * levels if len(blocks) == 1 else blocks

    def check_networks(self) -> None:
        """Checks the options that depend on each other.

        Raises:
            UserError: for an invalid combination; names a flag.
        """
        if self.architecture == "dcgan":
            self._check_dcgan()
        else:
            self._check_resnet()

    def _check_dcgan(self) -> None:
        if self.blocks is not None:
            raise bad_flag("blocks", _text(self.blocks), "a dcgan has none")
        if len(self.level_features) != 1:
            raise bad_flag(
                "features", _text(self.features), "a dcgan takes one number"
            )

    def _check_resnet(self) -> None:
        if self.levels is not None:
            raise bad_flag(
                "levels",
                self.levels,
                "a resnet has one per number in --features",
            )
        levels = len(self.level_features)
        if not levels:
            raise bad_flag("features", "", "must be numbers, e.g. 64,128")
        if len(self.level_blocks) != levels:
            raise bad_flag(
                "blocks",
                _text(self.blocks),
                f"must be one number, or one for each of {levels} levels",
            )
        for name in ("features", "blocks"):
            value = getattr(self, name)
            if self.architecture == "resnet21" and value is not None:
                raise bad_flag(
                    name,
                    _text(value),
                    "resnet21 is fixed; use --architecture=resnet to change it",
                )


def _text(numbers: tuple[int, ...]) -> str:
    """Formats numbers as the value of a flag."""
    return ",".join(map(str, numbers))

"""The training steps that are timed, and who takes them."""

import dataclasses
import itertools
import json

NORMS = ("none", "batch", "weight")
EVALUATIONS_PER_CALL = 10
"""Of a timed code search."""
ORDERS = ("alternate", "shared")
# Peers by precision; each runs in a process of its own.
PEERS = {
    "float32": ("ours", "torch eager", "torch compiled"),
    "bfloat16": ("ours", "torch autocast"),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One training step.

    Attributes:
        norm: normalization of both networks.
        order: update order.
        precision: "float32" or "bfloat16": ours with bfloat16 convolutions,
            PyTorch with autocast.
        features: features of the networks, one number a level for a ResNet.
        batch_size: images per step.
        code_size: length of a latent code.
        image_size: height and width, in pixels.
        architecture: "dcgan" or "resnet".
        channels_last: whether PyTorch also takes it in that layout, which is
            between its other two.
    """

    norm: str = "weight"
    order: str = "alternate"
    precision: str = "float32"
    features: tuple[int, ...] = (64,)
    batch_size: int = 64
    code_size: int = 128
    image_size: int = 32
    architecture: str = "dcgan"
    channels_last: bool = False

    @property
    def peers(self) -> tuple[str, ...]:
        """Names of the workers that take this step."""
        more = ("torch channels_last",) if self.channels_last else ()
        return PEERS[self.precision] + more

    @property
    def is_small(self) -> bool:
        """Whether XLA may pay: a network of few features in float32."""
        return self.features == (32,) and self.precision == "float32"

    @property
    def has_addons_twin(self) -> bool:
        """Whether the worker of tensorflow-addons knows the network."""
        return (self.norm, self.order, self.architecture, self.precision) == (
            "weight",
            "alternate",
            "dcgan",
            "float32",
        )

    def __str__(self) -> str:
        """For example "dcgan 32x32, 64 features, weight, alternate"."""
        size = f"{self.image_size}x{self.image_size}"
        features = ",".join(map(str, self.features))
        return (
            f"{self.architecture} {size}, features {features}, "
            f"batch {self.batch_size}, {self.norm}, {self.order}, "
            f"{self.precision}"
        )

    def to_json(self) -> str:
        """Text for a worker's command line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Case":
        """Reads what `to_json` wrote."""
        found = json.loads(text)
        return cls(**found | {"features": tuple(found["features"])})


LAPTOP = Case(features=(32,), batch_size=32, code_size=512)
LARGE = Case(image_size=160, batch_size=4, code_size=256)
RESNET = Case(architecture="resnet", features=(32, 64, 128), batch_size=32)
QUICK = (Case(), LAPTOP)
# Ours alone: how speed and memory grow.
GROWTH = (
    *(Case(image_size=size, batch_size=16) for size in (32, 64, 128)),
    *(Case(batch_size=size, features=(32,)) for size in (8, 32, 128)),
)


def standard() -> list[Case]:
    """The cases of `make bench`."""
    product = itertools.product(NORMS, ORDERS, PEERS)
    return [Case(*each) for each in product] + [LAPTOP, LARGE, RESNET]


def full() -> list[Case]:
    """The cases of `make bench-full`: every shape in every variant."""
    return [
        dataclasses.replace(
            shape,
            norm=norm,
            order=order,
            precision=precision,
            channels_last=precision == "float32",
        )
        for shape in (Case(), LAPTOP, LARGE, RESNET)
        for norm, order, precision in itertools.product(NORMS, ORDERS, PEERS)
    ]

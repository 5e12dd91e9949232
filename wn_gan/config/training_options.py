"""Options of the training step."""

import dataclasses

from wn_gan.config.option import LARGEST_SEED, option
from wn_gan.errors import bad_flag

UPDATE_ORDERS = ("alternate", "shared")
LOSSES = ("non_saturating", "least_squares", "hinge", "wasserstein")
OPTIMIZERS = ("rmsprop", "adam")
JIT_COMPILE = ("false", "true", "auto")
BFLOAT16_CONVOLUTIONS = "bfloat16_convolutions"
PRECISIONS = (
    "float32",
    "float64",
    "mixed_float16",
    "mixed_bfloat16",
    BFLOAT16_CONVOLUTIONS,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Loss, optimizers and precision of training."""

    batch_size: int = option(
        32, "Images per update, over all replicas.", minimum=1
    )
    train_steps: int = option(
        100_000,
        "Total training steps; each updates G once and D --d_steps times.",
        minimum=1,
        may_change=True,
    )
    loss: str = option("non_saturating", "The GAN loss.", choices=LOSSES)
    update_order: str = option(
        "alternate",
        "'alternate': update D, then G on a new z; 'shared': update both from "
        "one forward pass, about a fifth faster.",
        choices=UPDATE_ORDERS,
    )
    optimizer: str = option(
        "rmsprop",
        "'rmsprop' in the authors' form, with epsilon outside the root; or "
        "'adam'.",
        choices=OPTIMIZERS,
    )
    g_learning_rate: float = option(
        1e-4, "Learning rate of the generator.", minimum=0
    )
    d_learning_rate: float = option(
        1e-4, "Learning rate of the discriminator.", minimum=0
    )
    d_steps: int = option(
        1,
        "Discriminator updates per generator update, each on new images; "
        "above 1 only with --update_order=alternate.",
        minimum=1,
    )
    r1_penalty: float = option(
        0.0,
        "Weight of the R1 penalty on D's gradient at real images.",
        minimum=0,
    )
    gradient_penalty: float = option(
        0.0,
        "Weight of the WGAN-GP penalty on D's gradient between real and fake "
        "images.",
        minimum=0,
    )
    instance_noise: float = option(
        0.0,
        "Standard deviation (pixels in [0, 1]) of noise on all images that D "
        "sees in training.",
        minimum=0,
    )
    g_ema_decay: float = option(
        0.0,
        "Decay per step of a moving average of the generator's weights, for "
        "evaluation and export, e.g. 0.999; 0 for none.",
        minimum=0,
    )
    warmup_steps: int = option(
        0, "Steps of linear learning-rate warm-up.", minimum=0
    )
    seed: int = option(
        0,
        "Seed of weights, codes and data order.",
        minimum=0,
        maximum=LARGEST_SEED,
    )
    precision: str = option(
        "float32",
        "Keras dtype policy of the networks; 'bfloat16_convolutions': float32 "
        "networks whose training step, and nothing else, computes "
        "convolutions in bfloat16, on CPUs with the instructions.",
        choices=PRECISIONS,
    )
    jit_compile: str = option(
        "false",
        "Whether to compile the step with XLA: 'true', 'false', or 'auto', a "
        "timed trial of both when the run starts.",
        choices=JIT_COMPILE,
    )
    steps_per_execution: int | None = option(
        None,
        "Most training steps per call into TensorFlow; a call ends early "
        "where a report, test or save is due. Default: 10 for small batches "
        "of small images, else 1.",
        minimum=1,
        may_change=True,
    )
    deterministic: bool = option(
        False,
        "Make repeated runs bit-identical (same device, threads and "
        "versions); slower on some devices.",
    )

    @property
    def dtype_policy(self) -> str:
        """Keras dtype policy of the networks."""
        return "float32" if self.bfloat16_convolutions else self.precision

    @property
    def bfloat16_convolutions(self) -> bool:
        """Whether the training step computes convolutions in bfloat16."""
        return self.precision == BFLOAT16_CONVOLUTIONS

    def check_training(self) -> None:
        """Checks the options that depend on each other.

        Raises:
            UserError: for an invalid combination; names a flag.
        """
        if self.d_steps > 1 and self.update_order == "shared":
            raise bad_flag(
                "d_steps", self.d_steps, "must be 1 for --update_order=shared"
            )
        if self.jit_compile == "true" and self.bfloat16_convolutions:
            raise bad_flag(
                "jit_compile",
                self.jit_compile,
                f"must be false with --precision={BFLOAT16_CONVOLUTIONS}: XLA "
                "has convolutions of its own",
            )
        if self.g_ema_decay >= 1:
            raise bad_flag("g_ema_decay", self.g_ema_decay, "must be below 1")

"""Every option of a training run: default, unit and check, stated once.

Knows neither absl nor TensorFlow, so a wrong value is refused at once.
"""

import dataclasses
import math
from typing import Any

from wn_gan.errors import bad_flag

NORMS = ("none", "batch", "weight", "weight_affine")
UPDATE_ORDERS = ("alternate", "shared")
LOSSES = ("non_saturating", "least_squares", "hinge", "wasserstein")
OPTIMIZERS = ("rmsprop", "adam")
PRECISIONS = ("float32", "float64", "mixed_float16", "mixed_bfloat16")


def _option(
    default: Any,
    text: str,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    may_change: bool = False,
) -> Any:
    """A field of `Config`.

    Args:
        default: the value where none is given.
        text: what the option does, with its unit.
        choices: the allowed values, if they are few.
        minimum: the least allowed number.
        may_change: whether a started run may go on with another value
            without another result.
    """
    metadata = {
        "help": text,
        "choices": choices,
        "minimum": minimum,
        "may_change": may_change,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The options of one training run; checked when it is made.

    Raises:
        UserError: for a value that cannot be right, naming the flag.
    """

    # Data
    dataset: str = _option(
        "faces",
        "What to train on: 'faces' (drawn faces, 32x32, embedded), "
        "'tfds:<name>' (TensorFlow Datasets) or 'folder:<path>' (images).",
    )
    data_dir: str | None = _option(
        None,
        "Folder of prepared TensorFlow Datasets; default: TFDS's own.",
        may_change=True,
    )
    image_width: int | None = _option(
        None, "Width in pixels, even; default: the data's.", minimum=2
    )
    image_height: int | None = _option(
        None, "Height in pixels, even; default: the data's.", minimum=2
    )
    running_test_images: int = _option(
        200, "Images held out for the running test.", minimum=1
    )
    final_test_images: int | None = _option(
        None,
        "Images held out for the final test; default: 2000, or the whole of "
        "a smaller test split of the data's own, or a tenth of the data "
        "where it has none.",
        minimum=1,
    )

    split_seed: int = _option(
        0,
        "Of the split; apart from --seed, so that runs of all seeds are "
        "tested on the same images.",
        minimum=0,
    )

    # Networks
    norm: str = _option(
        "weight", "Normalization of both networks.", choices=NORMS
    )
    code_size: int = _option(128, "Length of the latent code z.", minimum=1)
    features: int = _option(
        64, "Channels next to the image; doubled at each level.", minimum=1
    )
    levels: int | None = _option(
        None,
        "Halvings of the image; default: the paper's rule, until the longer "
        "side is below 8.",
        minimum=1,
    )

    # Training
    batch_size: int = _option(32, "Images per update, global.", minimum=1)
    train_steps: int = _option(
        100_000,
        "Training steps (one update of each network) in all.",
        minimum=1,
        may_change=True,
    )
    loss: str = _option("non_saturating", "The GAN loss.", choices=LOSSES)
    update_order: str = _option(
        "alternate",
        "'alternate': D, then G on a fresh z; 'shared': both from one "
        "forward pass, about a fifth faster.",
        choices=UPDATE_ORDERS,
    )
    optimizer: str = _option(
        "rmsprop",
        "'rmsprop' as the paper's authors have it, epsilon outside the root; "
        "or 'adam'.",
        choices=OPTIMIZERS,
    )
    g_learning_rate: float = _option(
        1e-4, "Learning rate of the generator.", minimum=0
    )
    d_learning_rate: float = _option(
        1e-4, "Learning rate of the discriminator.", minimum=0
    )
    warmup_steps: int = _option(
        0, "Steps of linear learning-rate warm-up.", minimum=0
    )
    seed: int = _option(0, "Of weights, codes and data order.", minimum=0)
    precision: str = _option(
        "float32", "Keras dtype policy of the networks.", choices=PRECISIONS
    )
    jit_compile: bool = _option(False, "Compile the step with XLA.")
    steps_per_execution: int = _option(
        1,
        "Training steps per call into TensorFlow; the intervals must be "
        "multiples of it.",
        minimum=1,
    )
    deterministic: bool = _option(
        False,
        "Bit-equal repeats (same device, threads and versions), slower on "
        "some devices.",
    )

    # The run folder and its reports
    run_dir: str | None = _option(
        None,
        "Folder of the run: made, or resumed if it holds one.",
        may_change=True,
    )
    log_every_steps: int = _option(
        100,
        "Steps between lines of metrics.jsonl.",
        minimum=1,
        may_change=True,
    )
    test_every_steps: int = _option(
        1000, "Steps between running tests.", minimum=1, may_change=True
    )
    sample_every_steps: int = _option(
        1000, "Steps between sample grids.", minimum=1, may_change=True
    )
    checkpoint_every_steps: int = _option(
        1000,
        "Steps between saves of the 'last' checkpoint.",
        minimum=1,
        may_change=True,
    )
    keep_every_steps: int = _option(
        0,
        "Steps between checkpoints that are kept besides 'last' and "
        "'best'; 0 for none.",
        minimum=0,
        may_change=True,
    )
    keep_checkpoints: int = _option(
        5,
        "How many of those to keep, the newest; 0 for all.",
        minimum=0,
        may_change=True,
    )
    running_test_evaluations: int = _option(
        50, "Gradient evaluations an image in the running test.", minimum=1
    )
    test_batch_size: int = _option(
        100,
        "Images that a test searches at once; changes memory, not results.",
        minimum=1,
        may_change=True,
    )

    def __post_init__(self) -> None:
        """Checks each value on its own, then those that must fit together."""
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        for name in ("image_width", "image_height"):
            size = getattr(self, name)
            if size is not None and size % 2:
                raise bad_flag(name, size, "must be even")
        if (self.image_width is None) != (self.image_height is None):
            raise bad_flag(
                "image_width",
                self.image_width,
                f"goes with --image_height={self.image_height}: "
                "give both or neither",
            )
        self._check_intervals()

    def _check_intervals(self) -> None:
        for name in (
            "train_steps",
            "log_every_steps",
            "test_every_steps",
            "sample_every_steps",
            "checkpoint_every_steps",
            "keep_every_steps",
        ):
            value = getattr(self, name)
            if value % self.steps_per_execution:
                raise bad_flag(
                    name,
                    value,
                    "must be a multiple of "
                    f"--steps_per_execution={self.steps_per_execution}",
                )


def _check(field: dataclasses.Field, value: Any) -> None:
    choices, minimum = field.metadata["choices"], field.metadata["minimum"]
    if value is None:
        return
    if choices and value not in choices:
        raise bad_flag(
            field.name, value, f"must be one of {', '.join(choices)}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise bad_flag(field.name, value, "must be a finite number")
    if minimum is not None and value < minimum:
        raise bad_flag(field.name, value, f"must be at least {minimum}")


def changed_options(old: Config, new: Config) -> list[str]:
    """Names of the options that differ and would alter a run's result."""
    return [
        field.name
        for field in dataclasses.fields(old)
        if not field.metadata["may_change"]
        and getattr(old, field.name) != getattr(new, field.name)
    ]

"""oneDNN's bfloat16 convolutions, on for the training step alone."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from wn_gan.config.training_options import BFLOAT16_CONVOLUTIONS
from wn_gan.errors import bad_flag

_REWRITE = "auto_mixed_precision_onednn_bfloat16"
# Names of the instructions in Linux' list of a CPU's features.
_INSTRUCTIONS = {"amx_bf16", "avx512_bf16", "bf16"}


def check_precision(precision: str) -> None:
    """Checks that the devices of this machine can compute so.

    Raises:
        UserError: for `bfloat16_convolutions` on a GPU, or on a CPU without
            the instructions.
    """
    if precision != BFLOAT16_CONVOLUTIONS:
        return
    if tf.config.list_logical_devices("GPU"):
        raise bad_flag(
            "precision", precision, "is for CPUs; on a GPU use mixed_bfloat16"
        )
    if not has_instructions():
        raise bad_flag(
            "precision",
            precision,
            f"this CPU has none of {', '.join(sorted(_INSTRUCTIONS))}; use "
            "float32",
        )


def has_instructions() -> bool:
    """Whether the CPU computes in bfloat16; False except on Linux."""
    return bool(_INSTRUCTIONS & cpu_features())


def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Names of the CPU's instruction sets; empty except on Linux.

    Args:
        cpuinfo: Linux' description of the CPU.
    """
    if not cpuinfo.exists():
        return set()
    line = re.search(r"^(flags|Features)\s*:(.*)$", cpuinfo.read_text(), re.M)
    return set(line[2].split()) if line else set()


@contextlib.contextmanager
def bfloat16_convolutions(on: bool = True) -> Iterator[None]:
    """Lets TensorFlow compute convolutions and products in bfloat16.

    It acts on calls of a `tf.function`, not on its trace: the same function
    computes in float32 outside. Weights, sums and all else stay float32.

    Args:
        on: whether to do anything.
    """
    if not on:
        yield
        return
    options = tf.config.optimizer
    before = options.get_experimental_options().get(_REWRITE, False)
    options.set_experimental_options({_REWRITE: True})
    try:
        yield
    finally:
        options.set_experimental_options({_REWRITE: before})

"""Imports TensorFlow without the lines that say nothing to a user.

TensorFlow's C++ code writes them to the file descriptor of stderr before
Python can set a level, among them an error for every machine without a GPU.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_GPU_DRIVER = Path("/dev/nvidiactl")
# Parts of lines that are no error of the user's.
_NOISE = re.compile(
    r"absl::InitializeLog|cuda|CUDA|cuInit|cuDNN|cuBLAS|cuFFT|TensorRT|"
    r"oneDNN|cpu_feature_guard|rebuild TensorFlow|cpu_utils|"
    r"computation_placer|`FeatureConnector.dtype`",
)


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for devices.

    Everything else that is written to stderr meanwhile is passed on, and all
    of it if the import fails.
    """
    with _stderr_kept() as kept:
        import tensorflow as tf

        tf.config.list_physical_devices()
        # Where there is a GPU these lines say why it is not used.
        kept.clear_noise = not _GPU_DRIVER.exists()


class _Kept:
    """Whether the noise may be dropped."""

    clear_noise = False


@contextlib.contextmanager
def _stderr_kept() -> Iterator[_Kept]:
    """Collects what is written to the file descriptor, and passes it on."""
    kept = _Kept()
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield kept
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            file.seek(0)
            for line in file.read().decode(errors="replace").splitlines():
                if not (kept.clear_noise and _NOISE.search(line)):
                    print(line, file=sys.stderr)

"""Where a run took place: versions, revision, devices."""

import os
import platform
import re
import resource
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import tensorflow as tf

PACKAGES = (
    "wn_gan",
    "tensorflow",
    "keras",
    "tensorflow-addons",
    "tensorflow-datasets",
    "numpy",
    "pillow",
)


def describe_environment() -> dict:
    """What `environment.json` holds; JSON types only."""
    devices = tf.config.list_physical_devices()
    return {
        "command": sys.argv,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "git_revision": git_revision(),
        "devices": [device.name for device in devices],
        "gpus": [
            tf.config.experimental.get_device_details(device)
            for device in devices
            if device.device_type == "GPU"
        ],
        "cpus": os.cpu_count(),
    }


def peak_memory_mib() -> float:
    """The most memory that this process has held, in MiB.

    On GPUs that is the host's part only. Linux tells it of the program
    alone; elsewhere it may include what the process was forked from.
    """
    peak = _status_mib("VmHWM")
    if peak is not None:
        return peak
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def memory_mib() -> float | None:
    """What this process holds now, in MiB; None where Linux isn't."""
    return _status_mib("VmRSS")


def _status_mib(name: str) -> float | None:
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(rf"{name}:\s*(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 2**10
    return None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def git_revision() -> str | None:
    """The revision of the checkout that the package runs from, if it does.

    "-dirty" is added where tracked files differ from it.
    """
    package = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(package), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)
        revision = git("rev-parse", "HEAD")
        dirty = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("-dirty" if dirty else "")

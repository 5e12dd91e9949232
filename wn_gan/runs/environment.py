"""The environment of a run: versions, revision, devices, memory."""

import json
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

from wn_gan.files import write_json
from wn_gan.runs.json_files import read_json

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
    """Content of `environment.json`."""
    devices = tf.config.list_physical_devices()
    return {
        "command": sys.argv,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": package_versions(),
        "git_revision": git_revision(),
        "devices": [device.name for device in devices],
        "gpus": [
            tf.config.experimental.get_device_details(device)
            for device in devices
            if device.device_type == "GPU"
        ],
        "cpus": os.cpu_count(),
    }


def record_environment(path: Path) -> None:
    """Writes `environment.json` at the start of a process that trains.

    A run that goes on under other versions, code or devices keeps the earlier
    ones, oldest first, in "earlier".

    Args:
        path: of the file.
    """
    # As it will be read: TensorFlow describes a GPU with a tuple.
    now = json.loads(json.dumps(describe_environment()))
    old = read_json(path)
    if old is not None:
        earlier = old.pop("earlier", [])
        if _lasting(old) != _lasting(now):
            earlier.append(old)
        now["earlier"] = earlier
    write_json(path, now)


def _lasting(environment: dict) -> dict:
    """What does not change with every start."""
    own = ("command", "started")
    return {k: v for k, v in environment.items() if k not in own}


def package_versions() -> dict[str, str | None]:
    """Versions of the packages that results may depend on."""
    return {name: _version(name) for name in PACKAGES}


def peak_memory_mib() -> float:
    """Peak memory of this process in MiB, without GPU memory.

    Except on Linux, it may include the memory of the process that this one
    was forked from.
    """
    peak = _status_mib("VmHWM")
    if peak is not None:
        return peak
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def memory_mib() -> float | None:
    """Current memory of this process in MiB; None except on Linux."""
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
    """Git revision of the package; None if it is not in a checkout.

    Ends in "-dirty" if tracked files are modified.
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

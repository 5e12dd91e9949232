"""Verbs as processes, the small run that most tests use, addresses."""

import pathlib
import shutil
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "dcgan_reference.npz"
HELPERS = pathlib.Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=30000",
    "--dump-dom",
]
# A run of a few seconds: every part of a real one, as small as can be.
TINY = {
    "dataset": "faces",
    "features": (4,),
    "code_size": 8,
    "batch_size": 8,
    "train_steps": 20,
    "log_every_steps": 5,
    "test_every_steps": 10,
    "sample_every_steps": 10,
    "checkpoint_every_steps": 10,
    "running_test_images": 6,
    "running_test_evaluations": 5,
    "final_test_images": 10,
}
MIRRORED = ["--strategy=mirrored", "--num_virtual_devices=2"]


def as_flags(options):
    """Options by name as flags; tuples as lists with commas."""
    flags = []
    for name, value in options.items():
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        flags.append(f"--{name}={value}")
    return flags


def run_module(module, *arguments, timeout=300, **options):
    """Runs `python -m wn_gan.<module>` as a user would, flags by name."""
    return subprocess.run(
        [sys.executable, "-m", f"wn_gan.{module}"]
        + [*as_flags(options), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def free_hosts(count):
    """Addresses on the loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    hosts = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return ",".join(hosts)


def worker_flags(hosts):
    """The flags of each worker."""
    return [
        ["--strategy=multi_worker", f"--worker_hosts={hosts}"]
        + [f"--worker_index={index}"]
        for index in range(len(hosts.split(",")))
    ]


def run_together(commands, timeout=900):
    """Runs processes side by side; their stderr where one fails."""
    processes = [
        subprocess.Popen(c, stderr=subprocess.PIPE, text=True) for c in commands
    ]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=timeout)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()

"""Cost of splitting the same CPU cores into logical devices.

    python benchmarks/devices.py [flags of wn_gan.train]

Trains the same run on 1, 2 and 4 logical devices, each in its own process. It
repeats this in rounds (1, 2, 4, 1, 2, 4, ...), so a drift of the machine's
speed affects all alike. Prints images/s and the ratio to one device in the
same round. On one CPU more devices give no speed-up: they only add the cost of
copies, launches and sums.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

DEVICES = (1, 2, 4)
ROUNDS = 5
DEFAULTS = [
    "--dataset=faces",
    "--batch_size=64",
    "--features=32",
    "--train_steps=150",
    "--log_every_steps=50",
    "--test_every_steps=1000",
    "--sample_every_steps=1000",
    "--checkpoint_every_steps=1000",
]


def speed(flags: list[str], devices: int) -> float:
    """Returns images/s without the first report, which includes tracing."""
    own = ["--strategy=mirrored", f"--num_virtual_devices={devices}"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wn_gan.train", *flags]
        command += own if devices > 1 else []
        subprocess.run(
            [*command, f"--run_dir={folder}/run"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        lines = Path(folder, "run", "metrics.jsonl").read_text().splitlines()
    reports = [json.loads(line)["images_per_second"] for line in lines]
    return statistics.mean(reports[1:])


def main() -> None:
    """Runs all rounds and prints the results."""
    flags = DEFAULTS + sys.argv[1:]
    print(" ".join(flags))
    rounds = []
    for number in range(ROUNDS):
        rounds.append({n: speed(flags, n) for n in DEVICES})
        shown = (f"{n}: {rounds[-1][n]:.0f} images/s" for n in DEVICES)
        print(f"round {number + 1}", *shown, sep="  ", flush=True)
    for n in DEVICES:
        ratios = sorted(r[n] / r[1] for r in rounds)
        median = statistics.median(ratios)
        print(f"{n}: {median:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()

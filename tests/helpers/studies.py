"""Small studies, started as their users start them."""

import csv
import subprocess
import sys

from helpers.commands import TINY, as_flags

STUDY = {
    name: value
    for name, value in TINY.items()
    if name not in ("train_steps", "dataset")
} | {"train_steps": 40, "norms": "none,weight", "seeds": "0", "seed": 0}


def start_study(path, session=False, **options):
    """The process of a study; `session`: one that can be killed as a group."""
    flags = STUDY | {"study_dir": path, "final_evaluations": 3} | options
    command = [sys.executable, "-m", "wn_gan.study"]
    command += as_flags(flags)
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=session,
    )


def read_table(study, name="table"):
    """Without speed and memory, which are of the machine."""
    with open(study / "report" / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {k: v for k, v in row.items() if k[:4] not in ("imag", "peak")}
        for row in rows
    ]


TUNED = STUDY | {
    "tune": "learning_rate=1e-4|1e-3",
    "tune_seeds": "5",
    "tune_evaluations": 2,
    "train_steps": 20,
    "effort_images": 4,
}

"""Start-up cost of an LSUN data set with millions of images.

    python benchmarks/big_lmdb.py [--count=1000000]

Writes an LMDB in LSUN's format with --count tiny images. A new process opens it
as training does, and prints the time to the first batch and its memory. This
runs twice; the first process also creates the index.
"""

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

SIDE = 4


def write(root: pathlib.Path, count: int) -> None:
    """Writes an LMDB that repeats 64 random images."""
    import lmdb
    from PIL import Image

    pixels = np.random.default_rng(0).integers(
        0, 256, (64, SIDE, SIDE, 3), np.uint8
    )
    values = []
    for one in pixels:
        stream = io.BytesIO()
        Image.fromarray(one).save(stream, "WEBP", lossless=True)
        values.append(stream.getvalue())
    path = root / "tiny_train_lmdb"
    path.mkdir()
    with lmdb.open(str(path), map_size=2**33) as database:
        with database.begin(write=True) as transaction:
            for i in range(count):
                key = f"{i:040x}".encode()
                transaction.put(key, values[i % 64], append=True)


def status(name: str) -> float:
    """Returns a value of /proc/self/status in MiB; NaN if missing."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


def read(root: pathlib.Path) -> None:
    """Loads the data set and one batch; prints the time and the memory."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from wn_gan.config import Config
    from wn_gan.data import batches, feed_of, load_split

    config = Config(
        dataset="lsun/tiny",
        data_dir=str(root),
        cache_dir=str(root / "cache"),
    )
    before, start = status("RssAnon"), time.perf_counter()
    split = load_split(config)
    next(iter(batches(config, feed_of(config, split), 0)))
    seconds = time.perf_counter() - start
    split.description()
    print(
        f"{len(split.train):,} training images: first batch after "
        f"{seconds:.1f} s; own memory {status('RssAnon') - before:.0f} MiB "
        f"more than before, peak of the process {status('VmHWM'):.0f} MiB "
        "(TensorFlow and mapped files included)"
    )


def main() -> None:
    """Writes the data set, then reads it twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--read", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.read is not None:
        read(arguments.read)
        return
    with tempfile.TemporaryDirectory() as path:
        write(pathlib.Path(path), arguments.count)
        for _ in range(2):
            subprocess.run(
                [sys.executable, __file__, f"--read={path}"], check=True
            )


if __name__ == "__main__":
    main()

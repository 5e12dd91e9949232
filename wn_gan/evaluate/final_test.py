"""The final test of one generator: resumable, with pictures."""

import dataclasses
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import tensorflow as tf

from wn_gan.distribution import is_chief, wait_for_all
from wn_gan.errors import UserError
from wn_gan.evaluate.interval import bootstrap_interval
from wn_gan.evaluate.manifest import Manifest, written_identity
from wn_gan.evaluate.protocol import Protocol
from wn_gan.evaluate.result_files import (
    write_best_median_worst,
    write_pairs,
    write_table,
)
from wn_gan.evaluate.superseded import supersede
from wn_gan.files import remove_partials, write_json, write_npz
from wn_gan.images import (
    to_uint8,
    to_unit,
)
from wn_gan.progress import Progress
from wn_gan.reconstruction import Reconstruction

PART_IMAGES = 100
_SUMMARY = "summary.json"
Part = dict[str, np.ndarray]


@dataclasses.dataclass
class FinalTest:
    """Measures a generator on held-out images.

    Parts of 100 images are written as they are done. When all are there, the
    results are assembled. A folder whose `manifest.json` has the same identity
    is done; other results in it are renamed to `superseded_<n>`.

    Attributes:
        folder: of the results.
        protocol: of the measurement.
        manifest: everything that the result depends on.
        provenance: names of what was measured: run, checkpoint, seed.
        targets: uint8 `[images, height, width, channels]`.
        ids: one name per image.
        search: images as float in [0, 1] and the first one's number -> their
            reconstruction.
        write_pairs: whether each image and its reconstruction are written
            as a PNG.
        strategy: of the search. Several workers search together, and the
            chief writes.
    """

    folder: Path
    protocol: Protocol
    manifest: Manifest
    provenance: dict[str, Any]
    targets: np.ndarray
    ids: Sequence[str]
    search: Callable[[np.ndarray, int], Reconstruction]
    write_pairs: bool = False
    strategy: tf.distribute.Strategy = dataclasses.field(
        default_factory=tf.distribute.get_strategy
    )

    def run(self, progress: Progress | None = None) -> dict:
        """Measures everything that is not measured yet.

        Args:
            progress: of the images, and for messages.

        Returns:
            Content of `summary.json`; empty on workers that do not write.

        Raises:
            UserError: if another process is testing in the folder.
        """
        progress = progress or Progress(
            len(self.targets), "images", shown=False
        )
        done = self._finished()
        wait_for_all(self.strategy)  # all have read: the chief may write
        if done is not None:
            progress.advance(len(self.targets))
            return done
        if not is_chief(self.strategy):
            self._measure(progress)
            return {}
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.folder / ".lock", blocking=False)
        try:
            with lock:
                for folder in (self.folder, self.folder / "pairs"):
                    remove_partials(folder)
                kept = supersede(self.folder, self.manifest.identity())
                if kept is not None:
                    progress.message(
                        f"{self.folder}: its results are of another "
                        f"generator, other images or another search; kept as "
                        f"{kept.name}"
                    )
                return self._assemble(self._measure(progress))
        except filelock.Timeout:
            raise UserError(
                f"{self.folder}: another process is testing there"
            ) from None

    def _finished(self) -> dict | None:
        """The summary, if it is of the same manifest."""
        if written_identity(self.folder) != self.manifest.identity():
            return None
        pairs = list((self.folder / "pairs").glob("*.png"))
        if self.write_pairs and len(pairs) < len(self.ids):
            return None  # an earlier test did not write them, or not all
        try:
            return json.loads((self.folder / _SUMMARY).read_text())
        except (OSError, ValueError):
            return None  # a kill before it was written

    def _measure(self, progress: Progress) -> list[Part]:
        """Reads or measures each part."""
        firsts = range(0, len(self.targets), PART_IMAGES)
        stored = {first: self._stored_part(first) for first in firsts}
        wait_for_all(self.strategy)
        parts = []
        for first in firsts:
            part = stored[first] or self._new_part(first)
            parts.append(part)
            progress.advance(len(part["losses"]))
        return parts

    def _path(self, first: int) -> Path:
        return self.folder / "parts" / f"part_{first:06}.npz"

    def _stored_part(self, first: int) -> Part | None:
        """A part that is there, whole, and of the same manifest."""
        try:
            with open(self._path(first), "rb") as file, np.load(file) as stored:
                part = {name: stored[name] for name in stored.files}
            identity = str(part.pop("identity"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return part if identity == self.manifest.identity() else None

    def _new_part(self, first: int) -> Part:
        start = time.perf_counter()
        batch = to_unit(self.targets[first : first + PART_IMAGES])
        found = self.search(batch, first)
        part = {
            "losses": found.losses,
            "curve": found.curve,
            "z": found.z,
            "images": to_uint8(found.images),
            "seconds": np.asarray(time.perf_counter() - start),
        }
        if is_chief(self.strategy):
            path = self._path(first)
            path.parent.mkdir(parents=True, exist_ok=True)
            identity = np.asarray(self.manifest.identity())
            write_npz(path, part | {"identity": identity})
        return part

    def _assemble(self, parts: list[Part]) -> dict:
        losses = np.concatenate([p["losses"] for p in parts]).astype(float)
        curve = np.concatenate([p["curve"] for p in parts], axis=1)
        found = np.concatenate([p["images"] for p in parts])
        codes = np.concatenate([p["z"] for p in parts])
        write_table(self.folder, self.ids, losses, curve)
        write_best_median_worst(self.folder, self.targets, found, losses)
        if self.write_pairs:
            write_pairs(self.folder, self.ids, self.targets, found)
        write_npz(self.folder / "codes.npz", {"z": codes})
        low, high = bootstrap_interval(losses)
        summary = {
            "mean": losses.mean(),
            "median": float(np.median(losses)),
            "interval_95": [low, high],
            "protocol": str(self.protocol),
            "protocol_in_full": self.protocol.in_full,
            "provenance": self.provenance,
            "evaluations": self.protocol.evaluations,
            "num_images": len(losses),
            "seconds": float(sum(p["seconds"] for p in parts)),
            "curve": curve.mean(axis=1, dtype=float).tolist(),
        }
        self.manifest.write(self.folder)
        # The summary comes last: it marks the results as complete.
        write_json(self.folder / _SUMMARY, summary)
        shutil.rmtree(self.folder / "parts")
        return summary

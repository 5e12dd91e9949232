"""Feature-space measures of one generator, beside its final test."""

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.stats
import tensorflow as tf

from wn_gan.config import FeatureOptions
from wn_gan.data import Subset
from wn_gan.data.pictures import content_sha256
from wn_gan.data.pieces import read_images
from wn_gan.evaluate.controls import sample
from wn_gan.evaluate.superseded import keep
from wn_gan.features.extractor import Extractor
from wn_gan.features.image_features import BATCH, image_features
from wn_gan.features.measures import measures
from wn_gan.features.perceptual import perceptual_distances
from wn_gan.files import cache_folder, write_json
from wn_gan.generators.codes import draw_codes, truncations
from wn_gan.images import to_uint8
from wn_gan.progress import Progress

FIRST_SEED = 0


@dataclasses.dataclass
class FeatureTest:
    """Measures samples and reconstructions in an extractor's features.

    Attributes:
        folder: of the final test, which is finished.
        final_test: identity of its manifest.
        extractor: of the features.
        options: numbers of images.
        generate: z `[batch, code_size]` -> images in [0, 1].
        code_size: length of a code.
        dtype: dtype of the codes.
        targets: the final test's images, uint8.
        train: the training images; None for a SavedModel.
    """

    folder: Path
    final_test: str
    extractor: Extractor
    options: FeatureOptions
    generate: Callable[[tf.Tensor], tf.Tensor]
    code_size: int
    dtype: tf.DType
    targets: np.ndarray
    train: Subset | None = None

    @property
    def protocol(self) -> str:
        """One word; numbers of one word are comparable."""
        word = f"{self.extractor.word}-samples{self.options.feature_samples}"
        return word + "-any_size" * self.options.frechet_any_size

    @property
    def num_images(self) -> int:
        """Images whose features are computed, for a progress line."""
        return self.options.feature_samples + len(self.targets) + self._trained

    @property
    def _trained(self) -> int:
        """Number of training images in the comparison."""
        have = 0 if self.train is None else len(self.train)
        return min(have, self.options.feature_samples)

    @property
    def _path(self) -> Path:
        return self.folder / f"features-{self.protocol}.json"

    @property
    def _identity(self) -> str:
        text = f"{self.final_test} {self.protocol} {self._trained}"
        return hashlib.sha256(text.encode()).hexdigest()

    def stored(self) -> dict[str, float] | None:
        """What was measured of the same generator; None if nothing was."""
        return read_measures(self._path, self._identity)

    def run(self, progress: Progress) -> dict[str, float]:
        """Measures, or reads what was measured of the same generator.

        Args:
            progress: of `num_images` images.

        Returns:
            Numbers by name: "KID (test)", "coverage (train)", ...
        """
        path = self._path
        done = self.stored()
        if done is not None:
            progress.advance(self.num_images)
            return done
        found = self._measured(progress) | self._of_codes()
        if path.exists():
            keep(path.parent, [path.name])
        record = {
            "identity": self._identity,
            "final_test": self.final_test,
            "protocol": self.protocol,
            "num_samples": self.options.feature_samples,
            "num_test_images": len(self.targets),
            "num_training_images": self._trained,
        }
        write_json(path, record | {"measures": found})
        return found

    def _measured(self, progress: Progress) -> dict[str, float]:
        found = {}
        cache = cache_folder()
        with tempfile.TemporaryDirectory() as folder:
            samples = self._features(
                self._samples,
                self.options.feature_samples,
                self.final_test,
                Path(folder),
                progress,
            )
            for name, *images in self._references():
                real = self._features(*images, cache, progress)
                each = measures(
                    real,
                    samples,
                    self.extractor.frechet_name,
                    self.options.frechet_any_size,
                )
                found |= {f"{k} ({name})": v for k, v in each.items()}
        return found

    def _references(self) -> Iterator[tuple]:
        """Name, access, number and hash of each set of real images."""
        targets = self.targets
        own_hash = content_sha256(targets)
        yield "test", lambda rows: targets[rows], len(targets), own_hash
        if self.train is not None:
            train = self.train
            chosen = sample(len(train), self._trained)
            access = lambda rows: read_images(train, chosen[rows])  # noqa: E731
            yield "train", access, self._trained, train.sha256()

    def _features(self, get, count, sha256, folder, progress) -> np.ndarray:
        return image_features(
            self.extractor, get, count, sha256, folder, progress
        )

    def _samples(self, rows: slice) -> np.ndarray:
        """Samples of consecutive seeds, as they would be saved."""
        seeds = tf.range(
            FIRST_SEED + rows.start, FIRST_SEED + rows.stop, dtype=tf.int64
        )
        limits = truncations(len(seeds), None)
        codes = draw_codes(seeds, limits, self.code_size)
        return self._pictures(codes)

    def _pictures(self, codes: np.ndarray) -> np.ndarray:
        """G(z) as it would be saved, uint8, in batches."""
        parts = [
            to_uint8(self.generate(tf.cast(some, self.dtype)).numpy())
            for first in range(0, len(codes), BATCH)
            for some in [codes[first : first + BATCH]]
        ]
        return np.concatenate(parts)

    def _of_codes(self) -> dict[str, float]:
        """What the codes that the search found say."""
        with np.load(self.folder / "codes.npz") as stored:
            codes = stored["z"]
        lengths = scipy.stats.chi2.cdf((codes**2).sum(axis=1), self.code_size)
        found = {
            "code typicality, median": float(np.median(lengths)),
            "codes beyond 99% of the prior": float((lengths > 0.99).mean()),
        }
        if self.extractor.layers is None:
            return found
        images = self._pictures(codes)
        distances = perceptual_distances(self.extractor, self.targets, images)
        apart = images.astype(np.float32) - self.targets
        pixels = (apart**2).mean(axis=(1, 2, 3))
        rank = scipy.stats.spearmanr(distances, pixels).statistic
        found["perceptual distance"] = float(distances.mean())
        if np.isfinite(rank):
            found["rank correlation with the pixel loss"] = float(rank)
        return found


def read_measures(path: Path, identity: str) -> dict[str, float] | None:
    """Stored measures, if they are of the same generator and images."""
    try:
        stored = json.loads(path.read_text())
        same = stored["identity"] == identity
        return stored["measures"] if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

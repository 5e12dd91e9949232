"""Baselines of the reconstruction loss that need only the data.

They are cached by the content of the images that they depend on. The
baselines that need a generator are in `run_controls`.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from wn_gan.data import Subset
from wn_gan.data.pictures import content_sha256
from wn_gan.data.pieces import read_images
from wn_gan.evaluate.data_pass import Statistics, data_pass
from wn_gan.evaluate.principal_components import (
    covariance_error,
    mean_error,
    sample_error,
)
from wn_gan.files import cache_folder, write_json
from wn_gan.progress import say

# Up to this many numbers an image, PCA uses all images; beyond, a sample of
# at most this many images and bytes.
EXACT_PCA_SIZE = 4096
PCA_SAMPLE = 4000
PCA_SAMPLE_BYTES = 2**29


def data_controls(
    train: Subset,
    targets: np.ndarray,
    components: int,
    limit: int,
    cache: Path | None = None,
    shown: bool = True,
) -> dict[str, Any]:
    """Mean squared errors of simple models of the training images.

    Args:
        train: the training images.
        targets: the images to be explained, uint8
            `[n, height, width, channels]`.
        components: number of principal components.
        limit: number of training images to use, a seeded sample; 0 for all.
        cache: folder of the cache; default `cache_folder()`.
        shown: whether to show the progress.

    Returns:
        `mean_image`, `pca` and `nearest_training_image`: errors, means over
        the targets of pixels in [0, 1]; `pca_by_image`, a list with one error
        per target; `num_training_images` and
        `num_pca_images`: numbers of images that they were computed from.

    Raises:
        UserError: if too many images cannot be read.
    """
    chosen = sample(len(train), limit)
    folder = cache_folder() if cache is None else cache
    folder.mkdir(parents=True, exist_ok=True)
    own = (
        f"controls2-{train.sha256()[:16]}-{content_sha256(targets)[:16]}"
        f"-k{components}-n{len(chosen)}"
    )
    path = folder / f"{own}.json"
    if not path.exists():
        with _locked(folder / f"{own}.lock", shown):
            # Another process may have written it meanwhile.
            if not path.exists():
                found = _measured(
                    train, chosen, targets, components, folder / own, shown
                )
                write_json(path, found)
                shutil.rmtree(folder / own)
    return json.loads(path.read_text())


def sample(total: int, limit: int) -> np.ndarray:
    """A seeded sample of positions without replacement, in order.

    Args:
        total: number of positions.
        limit: size of the sample, if not 0 and less than `total`.
    """
    if not 0 < limit < total:
        return np.arange(total)
    # RandomState, not Generator: its stream is frozen for all versions.
    return np.sort(np.random.RandomState(0).permutation(total)[:limit])


def _locked(path: Path, shown: bool) -> contextlib.AbstractContextManager:
    """The lock, held; waits for another process."""
    lock = filelock.FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        if shown:
            say("another process measures the same baselines: waiting for it")
        return lock.acquire()


def _measured(
    train: Subset,
    chosen: np.ndarray,
    targets: np.ndarray,
    components: int,
    folder: Path,
    shown: bool,
) -> dict[str, Any]:
    """The result; `folder` keeps an unfinished pass."""
    flat = targets.reshape(len(targets), -1)
    exact = flat.shape[1] <= EXACT_PCA_SIZE
    seen = Statistics(flat, with_products=exact)
    data_pass(train, chosen, seen, folder, shown)
    if exact:
        used = len(chosen)
        pca = covariance_error(flat, seen.mean(), seen.covariance(), components)
    else:
        used = min(PCA_SAMPLE, PCA_SAMPLE_BYTES // flat.shape[1], len(chosen))
        some = read_images(train, chosen[sample(len(chosen), used)])
        pca = sample_error(
            flat, seen.mean(), some.reshape(used, -1), components
        )
    return {
        "mean_image": mean_error(flat, seen.mean()),
        "pca": float(pca.mean()),
        "pca_by_image": pca.tolist(),
        "nearest_training_image": float(seen.neighbours.errors().mean()),
        "num_training_images": len(chosen),
        "num_pca_images": used,
    }

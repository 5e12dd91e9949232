"""The running test: reconstructs a small, fixed set during training."""

from collections.abc import Callable

import keras
import numpy as np

from wn_gan.networks.fold import folded
from wn_gan.reconstruction.reconstruct import Reconstructor


class RunningTest:
    """The reconstruction loss of a generator in training, protocol `paper`.

    The generator's normalizations are folded into plain kernels once per test.
    The search is traced once per run.

    Args:
        generator: from this package; each call reads its current weights.
        targets: `[images, height, width, channels]` float in [0, 1].
        evaluations: gradient evaluations per image.
        batch_size: images per batch and replica; changes memory, not results.
    """

    def __init__(
        self,
        generator: keras.Model,
        targets: np.ndarray,
        evaluations: int = 50,
        batch_size: int = 100,
    ):
        self.generator = generator
        self.targets = targets
        self._folded = folded(generator)
        self._reconstruct = Reconstructor(
            lambda z: self._folded(z, training=False),
            targets.shape[1:],
            generator.input_shape[-1],
            solver="paper",
            evaluations=evaluations,
            batch_size=batch_size,
            dtype=self._folded.output.dtype,
        )

    def __call__(
        self, before_batch: Callable[[], None] = lambda: None
    ) -> tuple[float, np.ndarray]:
        """Returns the mean loss of all images, and their reconstructions.

        Args:
            before_batch: called before each batch of the search; an
                exception from it ends the test.
        """
        folded(self.generator, into=self._folded)
        found = self._reconstruct(self.targets, before_batch=before_batch)
        return float(found.losses.mean(dtype=np.float64)), found.images

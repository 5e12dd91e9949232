"""GAN losses on logits: pure functions, each the mean over the batch."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class GanLoss(NamedTuple):
    """Losses of discriminator and generator.

    Attributes:
        real: logits of real images `[batch, 1]` -> D's loss on them, scalar.
        fake: logits of generated images -> D's loss on them, scalar.
        generator: logits of generated images -> G's loss, scalar.
        d_won_loss: D's loss (real + fake) below which D separates nearly all
            real images from generated ones: its outputs are then 95% of the
            way to their labels. None if the loss has no minimum.
    """

    real: Callable[[tf.Tensor], tf.Tensor]
    fake: Callable[[tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor], tf.Tensor]
    d_won_loss: float | None


def _mean(function):
    return lambda logits: tf.reduce_mean(function(logits))


# Cross-entropy of sigmoid(logit) with the labels 1 (real) and 0 (fake);
# log(1 + e^x) is softplus. Goodfellow et al. 2014, section 3: G maximizes
# log D(G(z)) rather than minimizing log(1 - D(G(z))).
_NON_SATURATING = GanLoss(
    real=_mean(lambda x: tf.nn.softplus(-x)),
    fake=_mean(tf.nn.softplus),
    generator=_mean(lambda x: tf.nn.softplus(-x)),
    d_won_loss=0.1,  # -2 ln(0.95)
)

# Mao et al. 2017, arXiv:1611.04076, equation 9 (a=0, b=c=1), without the 1/2.
_LEAST_SQUARES = GanLoss(
    real=_mean(lambda x: tf.square(x - 1)),
    fake=_mean(tf.square),
    generator=_mean(lambda x: tf.square(x - 1)),
    d_won_loss=0.005,  # 2 * 0.05^2
)

# Lim & Ye 2017, arXiv:1705.02894.
_HINGE = GanLoss(
    real=_mean(lambda x: tf.nn.relu(1 - x)),
    fake=_mean(lambda x: tf.nn.relu(1 + x)),
    generator=_mean(tf.negative),
    d_won_loss=0.2,  # 2 * (1 - 0.9)
)

# Arjovsky et al. 2017, arXiv:1701.07875; networks or penalties must
# ensure the Lipschitz condition.
_WASSERSTEIN = GanLoss(
    real=_mean(tf.negative),
    fake=_mean(tf.identity),
    generator=_mean(tf.negative),
    d_won_loss=None,
)

LOSSES = {
    "non_saturating": _NON_SATURATING,
    "least_squares": _LEAST_SQUARES,
    "hinge": _HINGE,
    "wasserstein": _WASSERSTEIN,
}

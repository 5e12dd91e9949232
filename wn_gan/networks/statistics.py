"""What a generator keeps besides its weights, made anew for these weights."""

from collections.abc import Iterator

import keras
import tensorflow as tf

from wn_gan import keras_compat, layers

STANDING_BATCHES = 100
_SEED = 5_000
_CHECK_SEED = 6_000


def batch_norms(network: keras.Model) -> list[layers.BatchNorm]:
    """The batch norms of a network, nested ones too, in their order."""
    found = keras_compat.all_layers(network)
    return [layer for layer in found if isinstance(layer, layers.BatchNorm)]


def converge_spectral_norms(network: keras.Model) -> None:
    """Sets the vectors of spectral norm to those of the kernels as they are.

    Training follows its kernels with one iteration a step. Kernels that did
    not come from training, such as averages, have had none.
    """
    for layer in keras_compat.all_layers(network):
        if isinstance(layer, layers.SpectralNorm):
            layer.converge()


def estimate_statistics(generator: keras.Model, batch_size: int) -> None:
    """Sets the moving statistics to plain means over batches of fresh codes.

    The momentum of batch i is i / (i + 1), which gives the plain mean. The
    result is a function of the other weights and of the batch size.

    Args:
        generator: z `[batch, code_size]` -> images.
        batch_size: codes per batch, of `STANDING_BATCHES` batches.
    """
    norms = batch_norms(generator)
    kept = [norm.momentum for norm in norms]
    for i, z in enumerate(_codes(generator, batch_size, _SEED)):
        for norm in norms:
            norm.momentum = i / (i + 1)
        generator(z, training=True)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum


def statistics_error(generator: keras.Model, batch_size: int) -> float:
    """How far the moving statistics are from those of other fresh codes.

    An independent measurement: it reads the inputs of each batch norm from a
    forward pass with batch statistics, and takes their moments.

    Args:
        generator: z `[batch, code_size]` -> images; left as it is.
        batch_size: codes per batch.

    Returns:
        The largest over all batch norms of the mean over channels of
        |moving mean - mean| in standard deviations and of
        |log(moving variance / variance)|; 0 without batch norm.
    """
    norms = batch_norms(generator)
    if not norms:
        return 0.0
    kept = [tf.identity(v) for v in generator.non_trainable_variables]
    probe = keras.Model(generator.input, [norm.input for norm in norms])
    z = tf.concat(list(_codes(generator, batch_size, _CHECK_SEED, 10)), axis=0)
    inputs = probe(z, training=True)
    for variable, value in zip(
        generator.non_trainable_variables, kept, strict=True
    ):
        variable.assign(value)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    errors = [_error(n, x) for n, x in zip(norms, inputs, strict=True)]
    return max(errors)


def _error(norm: layers.BatchNorm, inputs: tf.Tensor) -> float:
    moving = tf.convert_to_tensor(norm.moving_mean)
    inputs = tf.cast(inputs, moving.dtype)
    axes = list(range(inputs.shape.rank - 1))
    mean, variance = tf.nn.moments(inputs, axes)
    variance += norm.epsilon
    distances = [tf.reduce_mean(tf.abs(moving - mean) / tf.sqrt(variance))]
    if hasattr(norm, "moving_variance"):
        ratio = (norm.moving_variance + norm.epsilon) / variance
        distances.append(tf.reduce_mean(tf.abs(tf.math.log(ratio))))
    return float(tf.reduce_max(distances))


def _codes(
    generator: keras.Model,
    batch_size: int,
    seed: int,
    batches: int = STANDING_BATCHES,
) -> Iterator[tf.Tensor]:
    """Batches of codes that are the same at every call."""
    shape = [batch_size, generator.input_shape[-1]]
    for i in range(batches):
        yield tf.random.stateless_normal(
            shape, seed=[seed, i], dtype=generator.input.dtype
        )

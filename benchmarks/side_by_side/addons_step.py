"""Worker: a DCGAN with the weight norm of tensorflow-addons.

It is what a user of tensorflow-addons would write: Keras layers in the addons
wrapper, each with gain and bias, PReLU with one slope per channel, Keras' own
RMSprop, one `tf.function`. So it is a peer in what it does, not to the
parameter.
"""

import sys

import keras
import tensorflow as tf
import tensorflow_addons as tfa

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import Case

KERNEL, RATE = 4, 1e-4


def weight_norm(layer):
    """Wraps a layer without initialization from data."""
    return tfa.layers.WeightNormalization(layer, data_init=False)


def rectifier():
    """PReLU with one slope per channel."""
    return keras.layers.PReLU(
        keras.initializers.Constant(0.25), shared_axes=[1, 2]
    )


def build(case: Case) -> tuple[keras.Model, keras.Model]:
    """Builds generator and discriminator."""
    (features,) = case.features
    levels, size = 0, case.image_size
    while size >= 8:
        levels, size = levels + 1, size // 2
    width = [features * 2**level for level in range(levels)]
    generator = keras.Sequential([keras.Input((case.code_size,))])
    units = size * size * width[-1]
    generator.add(weight_norm(keras.layers.Dense(units)))
    generator.add(keras.layers.Reshape((size, size, width[-1])))
    discriminator = keras.Sequential(
        [keras.Input((case.image_size, case.image_size, 3))]
    )
    for channels in [*width[-2::-1], 3]:
        generator.add(rectifier())
        generator.add(
            weight_norm(
                keras.layers.Conv2DTranspose(
                    channels, KERNEL, strides=2, padding="same"
                )
            )
        )
    generator.add(keras.layers.Activation("sigmoid"))
    for channels in width:
        discriminator.add(
            weight_norm(
                keras.layers.Conv2D(channels, KERNEL, strides=2, padding="same")
            )
        )
        discriminator.add(rectifier())
    discriminator.add(weight_norm(keras.layers.Conv2D(1, size)))
    discriminator.add(keras.layers.Flatten())
    return generator, discriminator


def main(case: Case) -> None:
    """Times the step on one batch of noise."""
    generator, discriminator = build(case)
    g_optimizer, d_optimizer = (
        keras.optimizers.RMSprop(RATE) for _ in range(2)
    )
    size = case.image_size
    real = tf.random.uniform((case.batch_size, size, size, 3))

    @tf.function
    def step():
        fake = generator(tf.random.normal([case.batch_size, case.code_size]))
        with tf.GradientTape() as tape:
            both = discriminator(tf.concat([real, fake], 0))
            real_logits, fake_logits = tf.split(both, 2)
            loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
            loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
        update(tape, loss, discriminator, d_optimizer)
        z = tf.random.normal([case.batch_size, case.code_size])
        with tf.GradientTape() as tape:
            logits = discriminator(generator(z))
            loss = tf.reduce_mean(tf.nn.softplus(-logits))
        update(tape, loss, generator, g_optimizer)
        return loss

    worker.images_per_second(
        step,
        lambda loss: loss.numpy(),
        case.batch_size,
        {
            "version": f"TensorFlow {tf.__version__}, "
            f"tensorflow-addons {tfa.__version__}"
        },
    )


def update(tape, loss, network, optimizer) -> None:
    """Applies the gradients of a loss."""
    weights = network.trainable_variables
    optimizer.apply_gradients(
        zip(tape.gradient(loss, weights), weights, strict=True)
    )


if __name__ == "__main__":
    main(Case.from_json(sys.argv[1]))

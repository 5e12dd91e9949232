"""The training step: who is updated, with what, and by which numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan import networks
from wn_gan.gan import losses
from wn_gan.gan.model import GAN
from wn_gan.gan.objective import Objective
from wn_gan.gan.optimizers import LinearWarmUp, RMSProp, build_optimizer

REAL = np.random.default_rng(5).random((4, 8, 8, 3)).astype(np.float32)


def tiny_gan(
    norm="weight",
    dtype="float32",
    rate=1e-3,
    loss="non_saturating",
    **options,
):
    keras.utils.set_random_seed(7)
    sizes = dict(height=8, width=8, features=3, dtype=dtype)
    gan = GAN(
        networks.build_generator(norm, code_size=5, **sizes),
        networks.build_discriminator(norm, **sizes),
        Objective(loss),
        **options,
    )
    gan.compile(RMSProp(rate), RMSProp(rate))
    return gan


def values(network):
    return [np.array(w) for w in network.weights]


@pytest.mark.parametrize("norm", ["none", "batch", "weight"])
@pytest.mark.parametrize("order", ["alternate", "shared"])
@pytest.mark.parametrize("loss", losses.LOSSES)
def test_a_step_moves_both_networks(norm, order, loss):
    gan = tiny_gan(norm, update_order=order, loss=loss)
    before = values(gan.generator), values(gan.discriminator)
    results = gan.train_step(tf.constant(REAL))
    assert all(np.isfinite(np.asarray(v)) for v in results.values())
    after = values(gan.generator), values(gan.discriminator)
    for old, new in zip(before, after, strict=True):
        moved = [
            not np.array_equal(o, n) for o, n in zip(old, new, strict=True)
        ]
        # A bias that Wasserstein's two halves pull equally stays.
        assert np.mean(moved) > 0.5
    assert int(gan.step) == 1


@pytest.mark.parametrize("order", ["alternate", "shared"])
@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_each_optimizer_moves_only_its_own(order, still):
    gan = tiny_gan(update_order=order)
    rates = {"generator": (0.0, 1e-3), "discriminator": (1e-3, 0.0)}
    gan.compile(*(RMSProp(rate) for rate in rates[still]))
    moving = {"generator": "discriminator", "discriminator": "generator"}
    before = {n: values(getattr(gan, n)) for n in moving}
    gan.train_step(tf.constant(REAL))
    for old, new in zip(
        before[still], values(getattr(gan, still)), strict=True
    ):
        assert_array_equal(old, new)
    other = moving[still]
    assert not np.array_equal(before[other][0], values(getattr(gan, other))[0])


def test_codes_are_a_function_of_seed_step_and_stream():
    gan, same, other = tiny_gan(seed=1), tiny_gan(seed=1), tiny_gan(seed=2)
    for stream in (0, 1):
        assert_array_equal(gan.codes(4, stream), same.codes(4, stream))
    drawn = [gan.codes(4, 0), gan.codes(4, 1), gan.codes(4), other.codes(4, 0)]
    gan.step.assign(1)
    drawn.append(gan.codes(4, 0))
    assert len({np.asarray(z).tobytes() for z in drawn}) == len(drawn)
    gan.step.assign(2**31 + 3)
    assert np.isfinite(gan.codes(4, 0)).all()


def test_codes_are_standard_normal():
    z = np.asarray(tiny_gan().codes(20_000))
    # Five standard errors of 100,000 draws.
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 5 / np.sqrt(2 * z.size)


def test_shared_uses_one_set_of_fakes():
    """Both updates equal those worked out from one forward pass."""
    gan, twin = tiny_gan(update_order="shared"), tiny_gan()
    z = twin.codes(4, 0)
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = twin.discriminator(twin.generator(z))
        real_logits = twin.discriminator(REAL)
        g_loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))
        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
        d_loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
    g_variables = twin.generator.trainable_variables
    d_variables = twin.discriminator.trainable_variables
    g_gradients = tape.gradient(g_loss, g_variables)
    d_gradients = tape.gradient(d_loss, d_variables)
    results = gan.train_step(tf.constant(REAL))
    assert_allclose(results["g_loss"], g_loss, rtol=1e-5)
    assert_allclose(results["d_loss"], d_loss, rtol=1e-5)
    assert_allclose(
        results["g_gradient_norm"], tf.linalg.global_norm(g_gradients), 1e-4
    )
    assert_allclose(
        results["d_gradient_norm"], tf.linalg.global_norm(d_gradients), 1e-4
    )


# But for batch norm: each replica has its own batch statistics.
@pytest.mark.parametrize("norm", ["none", "weight", "weight_affine"])
def test_one_device_equals_two(norm, mirrored):
    """The global batch is the unit."""
    assert mirrored.num_replicas_in_sync == 2
    alone = tiny_gan(norm, dtype="float64")
    with mirrored.scope():
        spread = tiny_gan(norm, dtype="float64")
    for ours, theirs in zip(spread.weights, alone.weights, strict=True):
        ours.assign(theirs)
    images = tf.data.Dataset.from_tensors(REAL).repeat()
    halves = iter(
        mirrored.experimental_distribute_dataset(
            images.unbatch().batch(4, drop_remainder=True)
        )
    )
    step = tf.function(lambda x: mirrored.run(spread.train_step, (x,)))
    for _ in range(3):
        expected = alone.train_step(tf.constant(REAL, tf.float64))
        results = step(next(halves))
        for name in ("d_loss", "g_loss", "real_logits", "fake_logits"):
            first, second = mirrored.experimental_local_results(results[name])
            assert_allclose(first, expected[name], rtol=1e-10)
            assert_allclose(second, expected[name], rtol=1e-10)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns(policy):
    gan, full = tiny_gan(dtype=policy), tiny_gan()
    before = values(gan.generator)
    results, expected = (g.train_step(tf.constant(REAL)) for g in (gan, full))
    # 8 bits of mantissa through a handful of layers.
    for name in ("d_loss", "g_loss", "d_gradient_norm", "g_gradient_norm"):
        assert_allclose(results[name], expected[name], rtol=0.1)
    assert not np.array_equal(before[0], values(gan.generator)[0])


def test_xla_and_several_steps_per_execution_run_in_fit():
    gan = tiny_gan()
    gan.compile(
        RMSProp(1e-3), RMSProp(1e-3), jit_compile=True, steps_per_execution=2
    )
    images = tf.data.Dataset.from_tensors(REAL).repeat()
    history = gan.fit(images, steps_per_epoch=4, verbose=0, shuffle=False)
    assert int(gan.step) == 4
    assert np.isfinite(history.history["g_loss"]).all()


def test_survives_saving(tmp_path):
    gan = tiny_gan(loss="hinge", update_order="shared", seed=3)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    z = gan.codes(3)
    assert_allclose(loaded(z), gan(z), rtol=1e-6)
    for name in ("objective", "update_order", "seed"):
        assert getattr(loaded, name) == getattr(gan, name)


@pytest.mark.parametrize(
    "option, message",
    [
        ({"loss": "log"}, "loss must be one of"),
        ({"update_order": "both"}, "update_order must be one of"),
    ],
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        tiny_gan(**option)


# Losses, by hand: logits 0 and 1 for real, -1 and 2 for fake.
SOFTPLUS = {x: np.log1p(np.exp(x)) for x in (-2, -1, 0, 1, 2)}


@pytest.mark.parametrize(
    "name, real, fake, generator",
    [
        (
            "non_saturating",
            (SOFTPLUS[0] + SOFTPLUS[-1]) / 2,
            (SOFTPLUS[-1] + SOFTPLUS[2]) / 2,
            (SOFTPLUS[1] + SOFTPLUS[-2]) / 2,
        ),
        ("least_squares", 0.5, 2.5, 2.5),
        ("hinge", 0.5, 1.5, -0.5),
        ("wasserstein", -0.5, 0.5, -0.5),
    ],
)
def test_losses_by_hand(name, real, fake, generator):
    loss = losses.LOSSES[name]
    real_logits = tf.constant([[0.0], [1.0]])
    fake_logits = tf.constant([[-1.0], [2.0]])
    assert_allclose(loss.real(real_logits), real, rtol=1e-6)
    assert_allclose(loss.fake(fake_logits), fake, rtol=1e-6)
    assert_allclose(loss.generator(fake_logits), generator, rtol=1e-6)


def test_rmsprop_twin():
    """Epsilon outside the root: a tenth of it inside would show at once."""
    optimizer = RMSProp(0.1, rho=0.9, epsilon=1e-3)
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 1))
    weight = layer.kernel
    weight.assign([[1.0]])
    expected, square = 1.0, 0.0
    for gradient in (1e-3, -2e-3, 1e-4):
        square = 0.9 * square + 0.1 * gradient**2
        expected -= 0.1 * gradient / (np.sqrt(square) + 1e-3)
        optimizer.apply_gradients([(tf.constant([[gradient]]), weight)])
        assert_allclose(np.asarray(weight), [[expected]], rtol=1e-5)


def test_warm_up_rises_linearly_then_holds():
    rate = LinearWarmUp(0.4, 4)
    found = [float(rate(step)) for step in (0, 1, 2, 3, 4, 100)]
    assert_allclose(found, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4], rtol=1e-6)
    again = LinearWarmUp.from_config(rate.get_config())
    assert float(again(1)) == float(rate(1))


def test_warm_up_reaches_the_optimizer():
    optimizer = build_optimizer("rmsprop", 0.4, warmup_steps=4)
    assert_allclose(np.asarray(optimizer.learning_rate), 0.1, rtol=1e-6)
    assert_allclose(build_optimizer("adam", 0.4).learning_rate, 0.4, 1e-6)
    with pytest.raises(ValueError, match="got 'sgd'"):
        build_optimizer("sgd", 0.1)

"""The metric: closed forms, independence of neighbours, both solvers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import golden_check
from helpers.commands import GOLDEN
from helpers.networks import scatter
from numpy.testing import assert_allclose, assert_array_equal

from wn_gan import networks
from wn_gan.reconstruction import (
    RunningTest,
    lbfgs,
    objective,
    reconstruct,
    search_codes,
    squared_errors,
)

SOLVERS = ("paper", "lbfgs", "preconditioned_lbfgs")


@pytest.fixture
def targets(random):
    return random.random((28, 8, 8, 3))


def small_generator(norm="weight", dtype="float64"):
    keras.utils.set_random_seed(1)
    generator = networks.build_generator(
        norm, 8, 8, code_size=6, features=4, dtype=dtype
    )
    random = np.random.default_rng(2)
    for weight in generator.weights:
        value = np.asarray(weight)
        noise = random.normal(size=value.shape)
        weight.assign(value + 0.3 * np.abs(value).mean() * noise)
    return lambda z: generator(z, training=False)


def test_errors_by_hand():
    images = tf.constant([[[[0.0, 1.0]]], [[[0.5, 0.5]]]])
    targets = tf.constant([[[[1.0, 1.0]]], [[[0.5, 0.0]]]])
    assert_allclose(squared_errors(images, targets), [0.5, 0.125])


def linear_problem(random):
    """A linear generator, images, and the codes of least squares."""
    matrix = random.normal(size=(3, 12)) / 6
    x = 0.5 + random.normal(size=(5, 12)) / 10
    best = np.linalg.lstsq(matrix.T, (x - 0.5).T, rcond=None)[0].T
    error = ((best @ matrix + 0.5 - x) ** 2).mean(axis=1)
    generate = lambda z: tf.reshape(z @ matrix + 0.5, [-1, 2, 2, 3])  # noqa: E731
    return generate, x.reshape(5, 2, 2, 3), best, error


def test_paper_circles_the_optimum_of_a_linear_generator(random):
    generate, x, best, error = linear_problem(random)
    found = reconstruct(
        generate, x, 3, solver="paper", evaluations=600, dtype="float64"
    )
    # Steps of 0.01 circle the optimum: their error is about 0.01^2 / 36.
    assert_allclose(found.losses, error, atol=2e-5)
    assert_allclose(found.z, best, atol=0.02)


def test_lbfgs_finds_the_optimum_of_a_linear_generator(random):
    """A quadratic in 3 unknowns: exact within a few steps."""
    generate, x, best, error = linear_problem(random)
    found = reconstruct(generate, x, 3, evaluations=15, dtype="float64")
    assert_allclose(found.losses, error, rtol=1e-6)
    assert_allclose(found.z, best, atol=1e-3)


def test_lbfgs_crosses_a_curved_valley():
    """Rosenbrock's function from its usual start, and from two more."""

    def rosenbrock(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            x, y = z[:, 0], z[:, 1]
            losses = 100 * (y - x**2) ** 2 + (1 - x) ** 2
        return losses, tape.gradient(losses, z)

    start = tf.constant([[-1.2, 1.0], [0.0, 0.0], [2.0, -3.0]], tf.float64)
    z, curve = lbfgs.minimize(rosenbrock, start, 80)
    assert_allclose(z, np.ones((3, 2)), atol=1e-4)
    assert (np.diff(curve, axis=0) <= 0).all()


def test_lbfgs_survives_infinite_losses():
    """A trial outside the domain is rejected, not believed."""

    def log_barrier(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            losses = tf.reduce_sum(z - tf.math.log(z), axis=-1)
        return losses, tape.gradient(losses, z)

    start = tf.constant([[0.01], [5.0]], tf.float64)
    z, _ = lbfgs.minimize(log_barrier, start, 60)
    assert_allclose(z, [[1.0], [1.0]], rtol=1e-4)


def test_a_lane_that_is_there_stays():
    quadratic = objective(
        lambda z: tf.reshape(z, [-1, 1, 1, 2]),
        tf.constant([[[[0.0, 0.0]]], [[[3.0, 4.0]]]], tf.float64),
    )
    z, _ = lbfgs.minimize(quadratic, tf.zeros([2, 2], tf.float64), 10)
    assert_array_equal(z[0], [0.0, 0.0])
    assert_allclose(z[1], [3.0, 4.0], rtol=1e-6)


@pytest.fixture(scope="module")
def golden_generator():
    """The authors' weight-normalized one, off its initial weights."""
    golden = dict(np.load(GOLDEN, allow_pickle=False))
    generator = networks.build_generator(
        "weight", 20, 28, code_size=8, features=4, levels=3, dtype="float64"
    )
    state = golden_check.section(golden, "net/weight/g/")
    golden_check.load_state(generator, state)
    return lambda z: generator(z, training=False)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("batch_size", [1, 7])
def test_an_image_does_not_depend_on_its_neighbours(
    golden_generator, random, solver, batch_size
):
    """Batches of 1, 7 and 28, 100 evaluations, float64."""
    targets = random.random((28, 20, 28, 3))
    together, apart = (
        reconstruct(
            golden_generator,
            targets,
            8,
            solver=solver,
            batch_size=size,
            dtype="float64",
        )
        for size in (28, batch_size)
    )
    assert_allclose(apart.losses, together.losses, rtol=1e-6)


def test_in_float32_neither(targets):
    together, apart = (
        reconstruct(
            small_generator(dtype="float32"),
            targets.astype(np.float32),
            6,
            solver="paper",
            evaluations=50,
            batch_size=size,
        )
        for size in (28, 7)
    )
    assert_allclose(apart.losses, together.losses, rtol=1e-3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_in_float32_means_agree(random, solver):
    """Rounding grows and a line search may branch; the mean over 200 stays."""
    images = random.random((200, 8, 8, 3), np.float32)
    means = [
        reconstruct(
            small_generator(dtype="float32"),
            images,
            6,
            solver=solver,
            batch_size=size,
        ).losses.mean()
        for size in (28, 200)
    ]
    assert_allclose(means[0], means[1], rtol=1e-3)


def test_the_batch_mean_form_depends_on_its_batch(targets):
    """Or it would not be worth a name of its own."""
    alone, together = (
        reconstruct(
            small_generator(),
            targets,
            6,
            solver="paper_batch_mean",
            evaluations=20,
            batch_size=size,
            dtype="float64",
        )
        for size in (1, 28)
    )
    assert np.abs(alone.losses / together.losses - 1).max() > 1e-9


@pytest.mark.parametrize("solver", SOLVERS)
def test_curve_and_losses_agree(targets, solver):
    generate = small_generator()
    found = reconstruct(
        generate, targets, 6, solver=solver, evaluations=30, dtype="float64"
    )
    assert found.curve.shape == (31, 28)
    start = squared_errors(generate(tf.zeros([28, 6], tf.float64)), targets)
    assert_allclose(found.curve[0], start, rtol=1e-9)
    assert_allclose(found.curve[-1], found.losses, rtol=1e-9)
    assert_allclose(
        found.losses, squared_errors(found.images, targets), rtol=1e-9
    )
    assert found.losses.mean() < start.numpy().mean()


def test_fewer_evaluations_are_the_beginning_of_more(targets):
    short, long = (
        reconstruct(
            small_generator(), targets, 6, evaluations=n, dtype="float64"
        )
        for n in (10, 20)
    )
    assert_allclose(long.curve[:11], short.curve, rtol=1e-9)


def test_own_samples_are_found_again():
    """The true code is known: the loss has nowhere to hide."""
    generate = small_generator()
    z = tf.random.stateless_normal([10, 6], [3, 4], dtype=tf.float64)
    found = reconstruct(
        generate, generate(z).numpy(), 6, evaluations=200, dtype="float64"
    )
    assert np.median(found.losses) < 1e-8


def test_a_learnt_start_is_nearer_and_changes_nothing_else(random):
    """On a linear generator the regression is nearly the solution."""
    generate, x, best, error = linear_problem(random)
    options = {"code_size": 3, "evaluations": 15, "dtype": "float64"}
    zero = reconstruct(generate, x, **options)
    ridge = reconstruct(generate, x, z_start="ridge", **options)
    ours, theirs = (found.curve[0] - error for found in (ridge, zero))
    assert (ours < 0.2 * theirs).all()
    assert_allclose(ridge.losses, error, rtol=1e-6)
    with pytest.raises(ValueError, match="got 'one'"):
        reconstruct(generate, x, z_start="one", **options)


def test_more_starts_are_never_worse(targets):
    results = {
        starts: reconstruct(
            small_generator(),
            targets,
            6,
            evaluations=20,
            num_starts=starts,
            dtype="float64",
        )
        for starts in (1, 3)
    }
    assert (results[3].losses <= results[1].losses * (1 + 1e-9)).all()
    assert results[3].losses.mean() < results[1].losses.mean()


def test_the_prior_penalty_shortens_codes(targets):
    lengths = [
        np.square(
            reconstruct(
                small_generator(),
                targets,
                6,
                evaluations=40,
                prior_penalty=penalty,
                dtype="float64",
            ).z
        ).mean()
        for penalty in (0.0, 0.1)
    ]
    assert lengths[1] < 0.5 * lengths[0]


def test_uint8_images_are_taken_as_they_are(targets):
    stored = np.uint8(targets * 255)
    generate = small_generator(dtype="float32")
    options = {"code_size": 6, "evaluations": 5}
    ours = reconstruct(generate, stored, **options)
    theirs = reconstruct(generate, stored / np.float32(255), **options)
    assert_array_equal(ours.losses, theirs.losses)


def test_an_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="got 'adam'"):
        search_codes(None, None, None, "adam", 1)


@pytest.mark.parametrize("norm", networks.NORMS)
def test_running_test_equals_the_search_on_the_generator(norm, targets):
    keras.utils.set_random_seed(1)
    generator = networks.build_generator(
        norm, 8, 8, code_size=6, features=4, dtype="float64"
    )
    scatter(generator)
    expected = reconstruct(
        lambda z: generator(z, training=False),
        targets[:5],
        6,
        solver="paper",
        evaluations=10,
        dtype="float64",
    )
    # Batches of 2, 2 and 1; folding rounds in another place.
    loss, images = RunningTest(generator, targets[:5], 10, batch_size=2)()
    assert_allclose(loss, np.mean(expected.losses), rtol=1e-7)
    assert_allclose(images, expected.images, rtol=1e-5)


def test_running_test_follows_training(targets):
    generator = networks.build_generator("weight", 8, 8, features=2)
    test = RunningTest(generator, targets[:2].astype(np.float32), 5)
    before, _ = test()
    scatter(generator, seed=9)
    after, _ = test()
    assert before != after
    assert test()[0] == after


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_penalty_is_in_every_entry_of_the_curve(targets, solver):
    generate, targets = small_generator(), tf.constant(targets[:4])
    start = tf.constant(np.random.default_rng(3).normal(size=(4, 6)))
    preconditioner = tf.eye(6, dtype=tf.float64)
    found = search_codes(
        generate, targets, start, solver, 5, 10.0, None, preconditioner
    )
    penalized, _ = objective(generate, targets, 10.0)(found.z)
    assert_allclose(found.curve[-1], penalized, rtol=1e-9)
    assert (found.losses < penalized).numpy().all()

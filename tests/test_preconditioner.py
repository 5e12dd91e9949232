"""The preconditioned search: its matrix, and what it saves."""

import numpy as np
import tensorflow as tf
from helpers import golden_check
from helpers.commands import GOLDEN
from numpy.testing import assert_allclose

from wn_gan import networks
from wn_gan.reconstruction import preconditioner as module
from wn_gan.reconstruction import reconstruct
from wn_gan.reconstruction.preconditioner import preconditioner

SHAPE = (4, 4, 3)


def linear_generator(random, scales):
    matrix = random.normal(size=(len(scales), 48)) * scales[:, np.newaxis]
    return matrix, lambda z: tf.reshape(z @ matrix + 0.5, [-1, *SHAPE])


def test_the_matrix_of_a_linear_generator(random, monkeypatch):
    """P^-2 is the Hessian 2 J'J / pixels, damped by its mean eigenvalue."""
    monkeypatch.setattr(module, "SAMPLES", 20_000)
    scales = np.array([1.0, 0.3, 0.1])
    matrix, generate = linear_generator(random, scales)
    found = preconditioner(generate, SHAPE, 3, tf.float64)
    hessian = 2 * matrix @ matrix.T / 48
    damping = np.trace(hessian) / 3 * np.eye(3)
    unit = np.linalg.inv(found @ found) / (hessian + damping)
    assert_allclose(np.diag(unit), 1, atol=0.03)
    assert_allclose(found, found.T, rtol=1e-12)
    with_penalty = preconditioner(generate, SHAPE, 3, tf.float64, 0.3)
    # The penalty adds 2 * 0.3 / 3 to each eigenvalue, so also to their mean.
    added = np.linalg.inv(with_penalty @ with_penalty) - np.linalg.inv(
        found @ found
    )
    assert_allclose(added, 0.4 * np.eye(3), atol=1e-9)


def test_a_generator_that_ignores_its_code_gets_the_identity():
    found = preconditioner(
        lambda z: tf.zeros([len(z), *SHAPE]) + 0 * z[0, 0], SHAPE, 3, tf.float32
    )
    assert_allclose(found, np.eye(3))


def test_a_broken_generator_gets_the_identity():
    found = preconditioner(
        lambda z: tf.zeros([len(z), *SHAPE]) * z[0, 0] / 0.0,
        SHAPE,
        3,
        tf.float32,
    )
    assert_allclose(found, np.eye(3))


def test_it_needs_fewer_evaluations(random):
    """Directions whose scales differ by a thousand; the least error is 0."""
    scales = np.logspace(0, -3, 20)
    matrix, generate = linear_generator(random, scales)
    images = generate(tf.constant(random.normal(size=(8, 20)))).numpy()
    curves = {
        solver: reconstruct(
            generate, images, 20, solver=solver, dtype="float64", evaluations=40
        ).curve.mean(axis=1)
        for solver in ("lbfgs", "preconditioned_lbfgs")
    }
    first = {k: np.argmax(curve < 1e-4) for k, curve in curves.items()}
    assert 0 < first["preconditioned_lbfgs"] < 0.7 * first["lbfgs"], first


def test_the_authors_generator(random):
    """Lower than `lbfgs` after as many evaluations, from any start."""
    golden = dict(np.load(GOLDEN, allow_pickle=False))
    generator = networks.build_generator(
        "weight", 20, 28, code_size=8, features=4, levels=3, dtype="float64"
    )
    state = golden_check.section(golden, "net/weight/g/")
    golden_check.load_state(generator, state)
    images = random.random((20, 20, 28, 3))
    losses = {
        (solver, start): reconstruct(
            lambda z: generator(z, training=False),
            images,
            8,
            solver=solver,
            z_start=start,
            dtype="float64",
            evaluations=6,
        ).losses.mean()
        for solver in ("lbfgs", "preconditioned_lbfgs")
        for start in ("zero", "ridge")
    }
    print(losses)
    for start in ("zero", "ridge"):
        ours, plain = (
            losses[solver, start]
            for solver in ("preconditioned_lbfgs", "lbfgs")
        )
        assert ours < plain

"""Private attributes of Keras: a clear message when Keras changes one."""

import keras
import pytest
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.gan import GAN, RMSProp
from wn_gan.gan.objective import has_batch_norm
from wn_gan.networks import build_discriminator, build_generator

VARIABLES = [tf.Variable([1.0, 2.0]), tf.Variable([[3.0]])]
ASK = "Keras {} has changed {}: mend wn_gan/keras_compat.py"


def changed(what):
    return ASK.format(keras.__version__, what)


@pytest.fixture
def optimizer():
    optimizer = RMSProp(0.1, use_ema=True)
    variables = VARIABLES
    if keras_compat.KERAS_3:
        variables = [keras.Variable(v) for v in VARIABLES]
    optimizer.build(variables)
    return optimizer, variables


def test_velocities(optimizer):
    optimizer, variables = optimizer
    for variable in variables:
        found = keras_compat.rmsprop_velocity(optimizer, variable)
        assert found.shape == variable.shape, changed("_velocities")
        assert float(tf.reduce_sum(found)) == 0


def test_moving_averages(optimizer):
    optimizer, variables = optimizer
    found = keras_compat.moving_averages(optimizer)
    shapes = [tuple(v.shape) for v in found]
    what = changed("_model_variables_moving_average")
    assert shapes == [(2,), (1, 1)], what
    own = {id(v) for v in optimizer.variables}
    assert all(id(v) in own for v in found), what
    assert keras_compat.moving_averages(RMSProp(0.1)) == []


def test_the_sum_over_replicas_is_taken_once():
    """The attribute that is replaced must be one that Keras calls."""
    name = (
        "_all_reduce_sum_gradients"
        if keras_compat.KERAS_3
        else "aggregate_gradients"
    )
    assert hasattr(RMSProp(0.1), name), changed(name)


def test_the_dynamic_scale():
    optimizer = keras_compat.LossScaleOptimizer(RMSProp(0.1))
    if keras_compat.KERAS_3:
        optimizer.build([keras.Variable(v) for v in VARIABLES])
        assert hasattr(optimizer, "dynamic_scale"), changed("dynamic_scale")
    scaled = float(keras_compat.scale_loss(optimizer, tf.constant(1.0)))
    assert scaled > 1


def test_fit_keeps_the_weights():
    """`fit` calls `finalize_variable_values`, which we replace."""
    optimizer = RMSProp(0.1, use_ema=True)
    name = "finalize_variable_values"
    assert hasattr(optimizer, name), changed(name)
    keras_compat.keep_weights_after_fit(optimizer)
    assert getattr(optimizer, name)([]) is None


def test_nested_layers_are_found():
    inner = keras.Sequential([keras.layers.Dense(2)], name="inner")
    outer = keras.Sequential([keras.Input((3,)), inner, keras.layers.ReLU()])
    names = [type(layer).__name__ for layer in keras_compat.all_layers(outer)]
    assert names == ["Sequential", "Dense", "ReLU"]


def test_batch_norm_in_a_nested_discriminator_is_seen():
    """Real and fake images must then go through D apart."""
    plain = build_discriminator("none", 8, 8, features=2)
    inner = build_discriminator("batch", 16, 16, 3, 2)
    nested = keras.Sequential([keras.Input((16, 16, 3)), inner])
    assert not has_batch_norm(plain)
    assert has_batch_norm(nested)
    generator = build_generator("none", 16, 16, code_size=3, features=2)
    gan = GAN(generator, nested)
    gan.compile(RMSProp(1e-3), RMSProp(1e-3))
    seen = []
    original = inner.call

    def counted(inputs, *args, **kwargs):
        seen.append(inputs.shape[0])
        return original(inputs, *args, **kwargs)

    inner.call = counted
    gan.train_step(tf.random.uniform([4, 16, 16, 3]))
    assert set(seen) == {4}

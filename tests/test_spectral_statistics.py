"""Spectral norm of kernels that no training step has followed."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY
from numpy.testing import assert_allclose

from wn_gan import keras_compat, layers
from wn_gan.config import Config
from wn_gan.gan.building import build_gan
from wn_gan.layers.kernel_layers import channel_matrix
from wn_gan.networks.statistics import converge_spectral_norms
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.trained_run import TrainedRun

SHAPE = (8, 8, 3)


def largest_singular_values(network):
    """Of the applied kernels, by NumPy."""
    found = [
        np.linalg.norm(
            channel_matrix(layer.normalized_kernel(), layer.output_axis), 2
        )
        for layer in keras_compat.all_layers(network)
        if isinstance(layer, layers.SpectralNorm)
    ]
    assert len(found) >= 2
    return np.array(found)


@pytest.fixture
def run(tmp_path):
    """A run whose kernels are those of no training: `u` lags behind."""
    config = Config(**TINY | {"norm": "spectral", "g_ema_decay": 0.5})
    config = dataclasses.replace(config, run_dir=str(tmp_path))
    gan = build_gan(config, SHAPE)
    gan.train_step(tf.zeros([8, *SHAPE]))
    for layer in keras_compat.all_layers(gan.generator):
        if isinstance(layer, layers.SpectralNorm):
            layer.u.assign(tf.ones_like(layer.u))
    folder = RunFolder(tmp_path)
    Checkpoints(folder.checkpoints).save_last(gan, {"step": 7})
    return TrainedRun(folder, config, {"image_shape": SHAPE})


def test_an_untrained_generator(run):
    generator = run.untrained_generator()
    assert_allclose(largest_singular_values(generator), 1, rtol=1e-4)


def test_an_average(run):
    generator = run.untrained_generator()
    assert run.restore(generator, "last") == 7
    plain = largest_singular_values(generator)
    assert plain.max() > 1.1
    run.restore(generator, "last", average=True)
    assert_allclose(largest_singular_values(generator), 1, rtol=1e-4)


def test_other_networks_are_left_as_they_are(run):
    other = TrainedRun(
        run.folder, dataclasses.replace(run.config, norm="batch"), run.data
    )
    generator = other.untrained_generator()
    before = [np.array(v) for v in generator.weights]
    converge_spectral_norms(generator)
    for variable, value in zip(generator.weights, before, strict=True):
        assert (np.asarray(variable) == value).all()

"""The client, against a stand-in server, and a real one where there is one."""

import io
import os

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import free_hosts, run_module
from numpy.testing import assert_allclose
from PIL import Image

from wn_gan.client.serving_client import ServingClient
from wn_gan.errors import UserError

pytest.importorskip("tensorflow_serving")

PROTOCOLS = ["grpc", "rest"]


@pytest.fixture(params=PROTOCOLS)
def client(server, request):
    addresses, _ = server
    protocol = request.param
    with ServingClient(addresses[protocol], "faces", protocol) as client:
        yield client


def test_sizes_come_from_the_server(client):
    assert client.code_size == 8
    assert client.image_shape == (8, 8, 3)


def test_images_of_codes(client, server, random):
    z = np.float32(random.normal(size=(3, 8)))
    expected = server[1].generate(tf.constant(z))["images"]
    assert_allclose(client.generate(z), expected, atol=1e-6)
    for content, image in zip(client.png(z), expected, strict=True):
        found = np.asarray(Image.open(io.BytesIO(content)), np.float32)
        assert_allclose(found / 255, image, atol=0.6 / 255)


def test_samples_of_seeds(client, server):
    seeds = tf.constant([4, 2], tf.int64)
    cuts = tf.constant([1.5, 1.5])
    expected = server[1].draw(seeds, cuts)["images"]
    assert_allclose(client.sample([4, 2], 1.5), expected, atol=1e-6)


def test_reconstructions(client, server, random):
    images = np.float32(random.random((2, 8, 8, 3)))
    found = client.reconstruct(images)
    expected = server[1].generate(tf.constant(found.z))["images"]
    assert_allclose(found.images, expected, atol=1e-5)
    errors = np.mean((found.images - images) ** 2, axis=(1, 2, 3))
    assert_allclose(found.losses, errors, atol=1e-6)


# Errors


def test_a_code_of_another_width(client):
    with pytest.raises(UserError, match=r"faces: .*z must be \[batch, 8\]"):
        client.generate(np.zeros((1, 7)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_that_is_not_there(server, protocol):
    with ServingClient(server[0][protocol], "cats", protocol) as client:
        with pytest.raises(UserError, match="--model=cats: Servable not found"):
            client.sample([0])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_is_not_there(protocol):
    address = free_hosts(1)
    with ServingClient(address, "faces", protocol, timeout=5) as client:
        with pytest.raises(UserError, match=f"--address={address}: "):
            client.code_size  # noqa: B018


def test_something_else_at_the_address(server):
    """The REST client at a gRPC port."""
    with ServingClient(server[0]["grpc"], "faces", "rest", 5) as client:
        with pytest.raises(UserError, match="--address=.*: no answer"):
            client.sample([0])


# The command


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_command_draws_and_reconstructs(
    server, tmp_path, protocol, random, run_here
):
    given = {"address": server[0][protocol], "protocol": protocol}
    given |= {"model": "faces", "output": tmp_path / "out"}
    result = run_module("client", num_images=5, seed=3, **given)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "out" / "png").iterdir())) == 5
    with Image.open(tmp_path / "out" / "grid.png") as grid:
        assert grid.size == (26, 17)
        drawn = np.asarray(grid, int)[9:, :8]
    # The image of seed 6 stands below that of 3; the server encodes the same.
    with Image.open(tmp_path / "out" / "png" / "000006.png") as encoded:
        assert np.abs(np.asarray(encoded, int) - drawn).max() <= 1
    images = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    result = run_here("client", images=f"npz:{tmp_path / 'own.npz'}", **given)
    assert result.returncode == 0, result.stderr
    assert "over 3 images" in result.stdout
    assert (tmp_path / "out" / "pairs.png").exists()


def test_the_command_tells_of_a_dead_server(tmp_path, refused):
    told = refused(
        "client",
        address=free_hosts(1),
        model="faces",
        output=tmp_path / "out",
        protocol="rest",
    )
    assert "--address=127.0.0.1:" in told and "no answer" in told
    assert not (tmp_path / "out").exists()


def test_bad_input_is_one_line(tmp_path, refused):
    good = {
        "address": "127.0.0.1:9",
        "model": "faces",
        "output": tmp_path / "o",
    }
    for change, message in [
        ({"num_images": 0}, "--num_images=0: must be at least 1"),
        ({"seed": -1}, "--seed=-1: must be at least 0"),
        ({"truncation": 0}, "--truncation=0.0: must be above 0"),
        ({"timeout": "nan"}, "--timeout=nan: must be a finite number"),
    ]:
        assert message in refused("client", **good | change)


def test_a_real_server():
    """TF_SERVING_ADDRESS=host:port (gRPC) and TF_SERVING_MODEL."""
    address = os.environ.get("TF_SERVING_ADDRESS")
    if address is None:
        pytest.skip("TF_SERVING_ADDRESS is not set: no real server to ask")
    model = os.environ.get("TF_SERVING_MODEL", "faces")
    with ServingClient(address, model) as client:
        assert client.sample([0, 1]).shape == (2, *client.image_shape)

"""The client, against a stand-in server, and a real one where there is one."""

import io
import os

import numpy as np
import pytest
import tensorflow as tf
from helpers.certificates import self_signed
from helpers.commands import free_hosts, run_module
from numpy.testing import assert_allclose
from PIL import Image

from wn_gan.client.serving_client import ServingClient
from wn_gan.config import ClientOptions, ServerOptions
from wn_gan.errors import UserError
from wn_gan.export.serving_files import write_server_config

pytest.importorskip("tensorflow_serving")
from helpers.serving_server import serving  # noqa: E402

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


def test_a_second_call_replaces_the_files_of_the_first(
    server, tmp_path, run_here
):
    flags = {"address": server[0]["grpc"], "model": "faces"}
    for seed, count in ((0, 3), (7, 2)):
        told = run_here(
            "client", output=tmp_path, seed=seed, num_images=count, **flags
        )
        assert told.returncode == 0, told.stderr
    names = sorted(path.name for path in (tmp_path / "png").glob("*.png"))
    assert names == ["000007.png", "000008.png"]


# More images than a request may hold


def test_65_images_are_requested_in_parts(client, server, random):
    """The stand-in refuses more than 64, as `batching_parameters.txt` says."""
    z = np.float32(random.normal(size=(65, 8)))
    expected = server[1].generate(tf.constant(z))["images"]
    assert_allclose(client.generate(z), expected, atol=1e-6)
    contents = client.png(z)
    assert len(contents) == 65
    last = np.asarray(Image.open(io.BytesIO(contents[64])), np.float32)
    assert_allclose(last / 255, expected[64], atol=0.6 / 255)
    seeds = np.arange(65)
    drawn = server[1].draw(tf.constant(seeds), tf.fill([65], 1.5))["images"]
    assert_allclose(client.sample(seeds, 1.5), drawn, atol=1e-6)
    images = np.float32(random.random((65, 8, 8, 3)))
    found = client.reconstruct(images)
    assert found.z.shape == (65, 8)
    errors = np.mean((found.images - images) ** 2, axis=(1, 2, 3))
    assert_allclose(found.losses, errors, atol=1e-6)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_limit_is_that_of_the_option(server, protocol, monkeypatch):
    address = server[0][protocol]
    with ServingClient(address, "faces", protocol, 60, 3) as client:
        sent = []
        predict = client._transport.predict

        def counted(signature, inputs):
            sent.append(len(inputs["z"]))
            return predict(signature, inputs)

        monkeypatch.setattr(client._transport, "predict", counted)
        assert len(client.generate(np.zeros((7, 8)))) == 7
    assert sent == [3, 3, 1]
    with ServingClient(address, "faces", protocol, 60, 65) as client:
        with pytest.raises(UserError, match="65 is larger than maximum"):
            client.generate(np.zeros((65, 8)))


def test_the_limit_is_that_of_the_exported_file(tmp_path):
    write_server_config(tmp_path)
    limit = ClientOptions.max_batch_size
    text = (tmp_path / "batching_parameters.txt").read_text()
    assert f"max_batch_size {{ value: {limit} }}\n" in text


def test_no_images_are_refused(client):
    for ask, name in [
        (lambda: client.generate(np.zeros((0, 8))), "z"),
        (lambda: client.sample([]), "seed"),
        (lambda: client.png([]), "z"),
        (lambda: client.reconstruct(np.zeros((0, 8, 8, 3))), "images"),
        (lambda: client.generate(0.5), "z"),
    ]:
        with pytest.raises(UserError, match=f": {name} must hold at least one"):
            ask()


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def encrypted(served_model, certificate):
    """Addresses of a server with TLS."""
    with serving("faces", served_model[0], certificate) as addresses:
        yield addresses


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_with_the_right_authority(
    encrypted, certificate, protocol, tmp_path, run_here
):
    given = {
        "address": encrypted[protocol],
        "model": "faces",
        "protocol": protocol,
        "tls": True,
        "tls_ca": str(certificate[0]),
    }
    with ServingClient(**given) as client:
        assert client.sample([0, 1]).shape == (2, 8, 8, 3)
    result = run_here("client", output=tmp_path, num_images=2, **given)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "png").glob("*.png"))) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_with_a_wrong_authority(encrypted, protocol, tmp_path):
    address = encrypted[protocol]
    other, _ = self_signed(tmp_path)
    for authority in (str(other), None):
        given = {"tls": True, "tls_ca": authority, "timeout": 10}
        with ServingClient(address, "faces", protocol, **given) as client:
            told = told_by(lambda: client.sample([0]))  # noqa: B023
        assert told.startswith(f"--address={address}: ")
        assert "certificate" in told.lower()
        assert "--tls_ca names the PEM file" in told


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_on_one_side_only(server, encrypted, certificate, protocol):
    for address, tls in (
        (server[0][protocol], True),
        (encrypted[protocol], False),
    ):
        authority = str(certificate[0]) if tls else None
        given = {"tls": tls, "tls_ca": authority, "timeout": 10}
        with ServingClient(address, "faces", protocol, **given) as client:
            told = told_by(lambda: client.sample([0]))  # noqa: B023
        assert told.startswith(f"--address={address}: ")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_authority_that_is_none(protocol, certificate, tmp_path):
    (tmp_path / "text.pem").write_text("no certificate")
    for path in (tmp_path / "text.pem", tmp_path / "none.pem", certificate[1]):
        with pytest.raises(UserError, match=f"--tls_ca={path}: is no PEM"):
            ServingClient(
                "host:1", "faces", protocol, tls=True, tls_ca=str(path)
            )


# Errors


def told_by(ask):
    """The message of a UserError; it must be one printable line."""
    with pytest.raises(UserError) as caught:
        ask()
    told = str(caught.value)
    assert told.isprintable() and len(told) < 500, told
    return told


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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_port_of_the_other_protocol(server, protocol):
    other = {"grpc": "rest", "rest": "grpc"}[protocol]
    address = server[0][other]
    with ServingClient(address, "faces", protocol, 5) as client:
        for ask in (lambda: client.sample([0]), lambda: client.code_size):
            told = told_by(ask)
            assert told.startswith(f"--address={address}: ")
            assert f"--protocol={protocol} needs the" in told


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8501",
        "https://localhost",
        "localhost",
        "localhost:",
        ":8500",
        "localhost:http",
        "localhost:0",
        "localhost:65536",
        "localhost:8501/v1",
        "::1:8500",
        "local host:8500",
        "",
    ],
)
def test_addresses_are_host_and_port(address, tmp_path, refused):
    message = f"--address={address}: must be host:port"
    with pytest.raises(UserError, match=message):
        ServingClient(address, "faces")
    given = {"model": "faces", "output": tmp_path / "out"}
    assert message in refused("client", address=address, **given)


def test_ipv6_addresses_are_in_brackets():
    ServerOptions(address="[::1]:8500", model="faces")


# The command


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_command_draws_and_reconstructs(
    server, tmp_path, protocol, random, run_here
):
    given = {"address": server[0][protocol], "protocol": protocol}
    given |= {"model": "faces", "output": tmp_path / "out"}
    result = run_module("client", num_images=5, seed=3, **given)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "out" / "png").glob("*.png"))) == 5
    with Image.open(tmp_path / "out" / "grid.png") as grid:
        assert grid.size == (26 * 30, 17 * 30 + 16)
        drawn = np.asarray(grid, int)[9 * 30 : -16 : 30, : 8 * 30 : 30]
    # The image of seed 6 stands below that of 3; the server encodes the same.
    with Image.open(tmp_path / "out" / "png" / "000006.png") as encoded:
        assert np.abs(np.asarray(encoded, int) - drawn).max() <= 1
    images = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images)
    result = run_here("client", images=f"npz:{tmp_path / 'own.npz'}", **given)
    assert result.returncode == 0, result.stderr
    assert "over 3 images\nnext: open " in result.stdout
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


def test_the_wrong_port_is_told(server, tmp_path, refused):
    """REST asked at the gRPC port, gRPC at the REST port, a URL, nobody."""
    flags = {"model": "faces", "output": tmp_path / "out", "timeout": 5}
    rest, grpc = server[0]["rest"], server[0]["grpc"]
    told = refused("client", address=grpc, protocol="rest", **flags)
    assert f"--address={grpc}: no answer" in told
    told = refused("client", address=rest, protocol="grpc", **flags)
    assert f"--address={rest}: unavailable" in told
    assert "--protocol=grpc needs the gRPC port" in told
    told = refused("client", address=f"http://{rest}", **flags)
    assert "must be host:port" in told and "without http://" in told
    nobody = free_hosts(1)
    for protocol, word in (("rest", "no answer"), ("grpc", "unavailable")):
        told = refused("client", address=nobody, protocol=protocol, **flags)
        assert f"--address={nobody}: {word}" in told


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
        ({"timeout": 1e10}, "must be at most 1000000.0"),
        ({"max_batch_size": 0}, "--max_batch_size=0: must be at least 1"),
        ({"tls_ca": "ca.pem"}, "--tls_ca=ca.pem: needs --tls"),
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

"""The client against servers that answer late, never or something else."""

import concurrent.futures
import contextlib
import time

import numpy as np
import pytest
from helpers.odd_server import answering

from wn_gan.client.serving_client import ServingClient
from wn_gan.errors import UserError

pytestmark = pytest.mark.one_stack


@contextlib.contextmanager
def rest_client(timeout=5.0, **answer):
    """A REST client of a server with one answer, and the server."""
    with answering(**answer) as (address, left):
        with ServingClient(address, "faces", "rest", timeout) as client:
            yield client, left


def told_by(client, ask):
    """The message: one line that names the address."""
    with pytest.raises(UserError) as caught:
        ask()
    told = str(caught.value)
    assert told.startswith(f"--address={client.server.address}: "), told
    assert told.isprintable() and len(told) < 500, told
    return told


# The total time of a request


@pytest.mark.parametrize("drips", ["head", "body"])
def test_an_answer_that_drips_ends_at_the_timeout(drips):
    """Every byte comes soon after the last, but the answer never ends."""
    with rest_client(timeout=0.5, drips=drips) as (client, left):
        start = time.monotonic()
        told = told_by(client, lambda: client.sample([0]))
        seconds = time.monotonic() - start
        assert "not complete within 0.5 seconds" in told
        # Half a second, and up to two more on a busy machine.
        assert 0.5 <= seconds < 2.5
        # The connection is closed, too: nothing goes on in the background.
        assert left.wait(5)


def test_a_slow_grpc_call_ends_at_the_timeout():
    with grpc_client(lambda: time.sleep(2), timeout=0.5) as client:
        start = time.monotonic()
        told = told_by(client, lambda: client.sample([0]))
        assert "deadline" in told.lower()
        assert 0.5 <= time.monotonic() - start < 2


# Answers without what they should hold, over REST

IMAGES = np.zeros((1, 8, 8, 3)).tolist()
METADATA = {"metadata": {"signature_def": {"signature_def": {}}}}


def metadata(shape):
    inputs = {"z": {"tensor_shape": shape}}
    signatures = {"serving_default": {"inputs": inputs}}
    return {"metadata": {"signature_def": {"signature_def": signatures}}}


@pytest.mark.parametrize(
    "content, message",
    [
        ({}, "the answer has no 'outputs'"),
        ({"predictions": IMAGES}, "the answer has no 'outputs'"),
        ([1], "the answer has no 'outputs'"),
        (b"<html>", "the answer is not JSON"),
        (b"", "the answer is not JSON"),
        (b"null", "the answer is not JSON"),
        (b"[" * 100_000, "the answer is not JSON"),
        (b"\xff\xfe", "the answer is not JSON"),
        ({"outputs": None}, "its 'outputs' hold no arrays"),
        ({"outputs": "x"}, "its 'outputs' hold no arrays"),
        ({"outputs": ["x"]}, "its output 'outputs' is no array"),
        ({"outputs": [[1, 2], [3]]}, "its output 'outputs' is no array"),
        ({"outputs": [{"b65": "x"}]}, "its output 'outputs' is no array"),
        ({"outputs": [{"b64": "x"}]}, "its output 'outputs' is no array"),
        ({"outputs": {}}, "0 outputs of sample instead of one"),
        ({"outputs": {"a": [1], "b": [1]}}, "2 outputs of sample"),
        ({"outputs": []}, "has shape [0] for a batch of 1"),
        ({"outputs": IMAGES * 2}, "has shape [2, 8, 8, 3] for a batch of 1"),
        ({"outputs": [1.0]}, "must be numbers with 4 dimensions"),
        ({"outputs": [{"b64": ""}]}, "must be numbers with 4 dimensions"),
    ],
)
def test_odd_samples_over_rest(content, message):
    with rest_client(content=content) as (client, _):
        assert message in told_by(client, lambda: client.sample([0]))


@pytest.mark.parametrize(
    "outputs, message",
    [
        (IMAGES, "the answer of reconstruct has no 'z'"),
        ({"z": [[0.0]], "reconstruction": IMAGES}, "has no 'loss'"),
        (
            {"z": [[0.0]], "reconstruction": IMAGES, "loss": [[0.0]]},
            "output of loss has shape [1, 1]",
        ),
    ],
)
def test_odd_reconstructions_over_rest(outputs, message):
    with rest_client(content={"outputs": outputs}) as (client, _):
        told = told_by(client, lambda: client.reconstruct(IMAGES))
        assert message in told


def test_pngs_that_are_none():
    with rest_client(content={"outputs": [1.0]}) as (client, _):
        told = told_by(client, lambda: client.png([[0.0]]))
        assert "its output of png holds no bytes" in told


def test_parts_that_differ_in_form():
    """Two requests, of two images and of one; one answer to both."""
    with rest_client() as (client, _):
        answers = iter([{"a": np.zeros((64, 2))}, {"a": np.zeros((1, 3))}])
        client._transport.predict = lambda *request: next(answers)
        told = told_by(client, lambda: client.generate(np.zeros((65, 2))))
        assert "answers of serving_default differ in form" in told


@pytest.mark.parametrize(
    "content, message",
    [
        ({}, "the answer has no 'metadata'"),
        ({"metadata": {}}, "the answer has no 'signature_def'"),
        ({"metadata": []}, "the answer has no 'signature_def'"),
        (metadata({}), "no shape of serving_default(z)"),
        (metadata({"dim": [{}]}), "no shape of serving_default(z)"),
        (metadata({"unknown_rank": True}), "no shape of serving_default(z)"),
    ],
)
def test_odd_metadata_over_rest(content, message):
    with rest_client(content=content) as (client, _):
        assert message in told_by(client, lambda: client.code_size)


@pytest.mark.parametrize(
    "content, message",
    [
        (METADATA, r"has no serving_default\(z\)"),
        (metadata({"dim": [{"size": "-1"}]}), "is no generator"),
        (metadata({"dim": [{"size": "-1"}] * 2}), "is no generator"),
    ],
)
def test_models_that_are_no_generators(content, message):
    with rest_client(content=content) as (client, _):
        with pytest.raises(UserError, match=f"--model=faces: {message}"):
            client.code_size  # noqa: B018


@pytest.mark.parametrize("status", [400, 404, 500])
def test_errors_that_are_not_tensorflows(status):
    for content in (b"<html>", {"detail": "no"}):
        with rest_client(content=content, status=status) as (client, _):
            told = told_by(client, lambda: client.sample([0]))  # noqa: B023
            assert f"status {status}" in told


def test_long_errors_are_one_line():
    content = {"error": "\n".join(["\tnode\x00"] * 1000)}
    with rest_client(content=content, status=500) as (client, _):
        assert "node node" in told_by(client, lambda: client.sample([0]))


# The same over gRPC


@contextlib.contextmanager
def grpc_client(answer, timeout=5.0):
    """A client of a server whose answer to all is that of a function."""
    pytest.importorskip("tensorflow_serving")
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc as stubs

    class Service(stubs.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802
            return answer()

        GetModelMetadata = Predict

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    stubs.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        address = f"127.0.0.1:{port}"
        with ServingClient(address, "faces", "grpc", timeout) as client:
            yield client
    finally:
        server.stop(None).wait()


def predicted(**outputs):
    """A response with these tensors."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    response = predict_pb2.PredictResponse()
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
    return response


def test_odd_answers_over_grpc():
    pytest.importorskip("tensorflow_serving")
    damaged = predicted(images=np.zeros((1, 8, 8, 3), np.float32))
    damaged.outputs["images"].tensor_content = b"123"
    for response, message in [
        (predicted(), "0 outputs of sample instead of one"),
        (predicted(x=np.zeros(2)), "has shape [2] for a batch of 1"),
        (predicted(x=np.array([b"x"])), "must be numbers with 4 dimensions"),
        (predicted(x=np.full((1, 2, 2, 1), b"x")), "must be numbers with 4"),
        (damaged, "its output 'images' is no array"),
    ]:
        with grpc_client(lambda: response) as client:  # noqa: B023
            assert message in told_by(client, lambda: client.sample([0]))  # noqa: B023
    response = predicted(z=np.zeros((1, 2)))
    with grpc_client(lambda: response) as client:
        told = told_by(client, lambda: client.reconstruct(IMAGES))
        assert "reconstruct has no 'reconstruction'" in told


def test_odd_metadata_over_grpc():
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import get_model_metadata_pb2

    response = get_model_metadata_pb2.GetModelMetadataResponse()
    with grpc_client(lambda: response) as client:
        told = told_by(client, lambda: client.code_size)
        assert "has no 'signature_def'" in told

"""A stand-in for TensorFlow Serving on the loopback, for the client's tests.

Written from the public documentation of its gRPC and REST interfaces, on the
official stubs; the model runs in TensorFlow's C library.
"""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import re
import ssl
import threading

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from wn_gan.config import SERVING_BATCH_SIZE
from wn_gan.export.c_loader import CModel, LoadError


class UnknownModel(Exception):
    """No such model, or signature."""


class Model:
    """One model, by name."""

    def __init__(self, name, path):
        """Loads it."""
        self.name = name
        saved = saved_model_pb2.SavedModel()
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
        (graph,) = saved.meta_graphs
        self.signatures = {
            name: signature
            for name, signature in graph.signature_def.items()
            if not name.startswith("__")
        }
        self._loaded = CModel(path)
        self._lock = threading.Lock()

    def check(self, name):
        """Raises as the server would."""
        if name != self.name:
            raise UnknownModel(
                f"Servable not found for request: Latest({name})"
            )

    def predict(self, name, signature, inputs):
        """Outputs by name."""
        self.check(name)
        if signature not in self.signatures:
            raise UnknownModel(f"Serving signature not found: {signature}")
        for array in inputs.values():
            if len(array) > SERVING_BATCH_SIZE:
                raise LoadError(
                    f"Task size {len(array)} is larger than maximum input "
                    f"batch size {SERVING_BATCH_SIZE}"
                )
        known = self.signatures[signature]
        fed = {known.inputs[key].name: x for key, x in inputs.items()}
        names = {key: info.name for key, info in known.outputs.items()}
        with self._lock:
            found = self._loaded.run(fed, list(names.values()))
        return dict(zip(names, found, strict=True))

    def metadata(self):
        """Of its signatures."""
        found = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self.signatures.items():
            found.signature_def[name].CopyFrom(signature)
        return found


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The gRPC interface."""

    def __init__(self, model):
        """Serves one model."""
        self.model = model

    def Predict(self, request, context):  # noqa: N802
        """PredictRequest -> PredictResponse."""
        inputs = {k: tf.make_ndarray(t) for k, t in request.inputs.items()}
        spec = request.model_spec
        response = predict_pb2.PredictResponse()
        with aborting(context):
            found = self.model.predict(
                spec.name, spec.signature_name or "serving_default", inputs
            )
            for key, array in found.items():
                tensor = tf.make_tensor_proto(array)
                response.outputs[key].CopyFrom(tensor)
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        """The signatures, packed."""
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with aborting(context):
            self.model.check(request.model_spec.name)
            packed = response.metadata["signature_def"]
            packed.Pack(self.model.metadata())
        return response


@contextlib.contextmanager
def aborting(context):
    """Errors as gRPC's codes."""
    try:
        yield
    except UnknownModel as error:
        context.abort(grpc.StatusCode.NOT_FOUND, str(error))
    except LoadError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


class Handler(http.server.BaseHTTPRequestHandler):
    """The REST interface, columnar format."""

    model = None

    def do_GET(self):  # noqa: N802
        """/v1/models/<name>/metadata."""
        found = re.fullmatch(r"/v1/models/([^/:]+)/metadata", self.path)
        self.answer(lambda: self.metadata(found[1]))

    def do_POST(self):  # noqa: N802
        """/v1/models/<name>:predict."""
        found = re.fullmatch(r"/v1/models/([^/:]+):predict", self.path)
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        self.answer(lambda: self.predict(found[1], body))

    def metadata(self, name):
        """As protobuf's JSON writes it."""
        self.model.check(name)
        text = json_format.MessageToDict(
            self.model.metadata(), preserving_proto_field_name=True
        )
        return {
            "model_spec": {"name": name},
            "metadata": {"signature_def": text},
        }

    def predict(self, name, body):
        """A single output comes without its name; *_bytes as base64."""
        signature = body.get("signature_name", "serving_default")
        self.model.check(name)
        known = self.model.signatures[signature].inputs
        inputs = {
            key: np.array(value, tf.as_dtype(known[key].dtype).as_numpy_dtype)
            for key, value in body["inputs"].items()
        }
        found = self.model.predict(name, signature, inputs)
        outputs = {key: listed(key, array) for key, array in found.items()}
        if len(outputs) == 1:
            (outputs,) = outputs.values()
        return {"outputs": outputs}

    def answer(self, work):
        """JSON, with the status of an error."""
        try:
            status, found = 200, work()
        except UnknownModel as error:
            status, found = 404, {"error": str(error)}
        except LoadError as error:
            status, found = 400, {"error": str(error)}
        content = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Says nothing."""


def listed(key, array):
    """An output as JSON has it."""
    if not key.endswith("_bytes"):
        return array.tolist()
    return [{"b64": base64.b64encode(x).decode()} for x in array]


@contextlib.contextmanager
def serving(name, path, certificate=None):
    """The addresses of both interfaces, while it is entered.

    Args:
        name: of the model.
        path: of its version.
        certificate: paths of a certificate and its key, for TLS.
    """
    model = Model(name, path)
    rpc = grpc.server(
        concurrent.futures.ThreadPoolExecutor(2),
        options=[("grpc.max_receive_message_length", -1)],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Service(model), rpc
    )
    if certificate is None:
        port = rpc.add_insecure_port("127.0.0.1:0")
    else:
        chain, key = (path.read_bytes() for path in certificate)
        pair = grpc.ssl_server_credentials([(key, chain)])
        port = rpc.add_secure_port("127.0.0.1:0", pair)
    rpc.start()
    handler = type("ModelHandler", (Handler,), {"model": model})
    rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        rest.socket = context.wrap_socket(rest.socket, server_side=True)
    thread = threading.Thread(target=rest.serve_forever)
    thread.start()
    try:
        yield {
            "grpc": f"127.0.0.1:{port}",
            "rest": f"127.0.0.1:{rest.server_port}",
        }
    finally:
        rpc.stop(None).wait()
        rest.shutdown()
        thread.join()
        rest.server_close()

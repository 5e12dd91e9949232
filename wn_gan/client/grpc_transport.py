"""TensorFlow Serving's gRPC interface, with its official stubs."""

from importlib import util

import numpy as np
import tensorflow as tf

from wn_gan.client.answers import rejected, unknown_model, unusable
from wn_gan.client.tls import TLS_HINT, root_certificates
from wn_gan.config import ServerOptions
from wn_gan.errors import UserError

_PORT_HINT = "--protocol=grpc needs the gRPC port, often 8500"
_UNLIMITED = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class GrpcTransport:
    """Calls one model over gRPC.

    Args:
        server: the server and the model.

    Raises:
        UserError: if the stubs are not installed, or for an unusable
            `--tls_ca`; in every method, if the server does not answer or
            rejects the call.
    """

    def __init__(self, server: ServerOptions):
        if util.find_spec("tensorflow_serving") is None:
            raise UserError(
                "--protocol=grpc: needs pip install 'wn_gan[serving]'; or use "
                "--protocol=rest"
            )
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.server = server
        self._grpc = grpc
        self._channel = self._connect()
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )

    def _connect(self):
        address = self.server.address
        if not self.server.tls:
            return self._grpc.insecure_channel(address, options=_UNLIMITED)
        roots = root_certificates(self.server.tls_ca)
        credentials = self._grpc.ssl_channel_credentials(roots)
        return self._grpc.secure_channel(address, credentials, _UNLIMITED)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Runs a signature; returns its outputs by name."""
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.server.model
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = self._call(self._stub.Predict, request)
        return {
            name: self._array(name, tensor)
            for name, tensor in response.outputs.items()
        }

    def input_shape(self, signature: str, name: str) -> list[int]:
        """Returns the shape of an input; -1 for a free dimension."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest()
        request.model_spec.name = self.server.model
        request.metadata_field.append("signature_def")
        response = self._call(self._stub.GetModelMetadata, request)
        found = get_model_metadata_pb2.SignatureDefMap()
        if not response.metadata["signature_def"].Unpack(found):
            raise unusable(self.server, "the answer has no 'signature_def'")
        inputs = found.signature_def[signature].inputs
        if name not in inputs:
            raise unknown_model(self.server, f"has no {signature}({name})")
        return [dim.size for dim in inputs[name].tensor_shape.dim]

    def _call(self, method, request):
        try:
            return method(request, timeout=self.server.timeout)
        except self._grpc.RpcError as error:
            code, told = error.code(), error.details()
            known = self._grpc.StatusCode
            if code == known.NOT_FOUND:
                raise unknown_model(self.server, told) from error
            if code == known.INVALID_ARGUMENT:
                raise rejected(self.server, told) from error
            told = f"{code.name.lower()}: {told}"
            if code in (known.UNAVAILABLE, known.UNIMPLEMENTED):
                told += f"; {TLS_HINT if self.server.tls else _PORT_HINT}"
            raise unusable(self.server, told) from error

    def _array(self, name: str, tensor) -> np.ndarray:
        try:
            return tf.make_ndarray(tensor)
        except (TypeError, ValueError) as error:
            raise unusable(
                self.server, f"its output {name!r} is no array"
            ) from error

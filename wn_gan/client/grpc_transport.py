"""TensorFlow Serving's gRPC interface, with its official stubs."""

from importlib import util

import numpy as np
import tensorflow as tf

from wn_gan.errors import UserError, bad_flag

_UNLIMITED = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class GrpcTransport:
    """Calls one model over gRPC.

    Args:
        address: host:port.
        model: name of the model.
        timeout: limit per call, in seconds.

    Raises:
        UserError: if the stubs are not installed; in every method, if the
            server does not answer or rejects the call.
    """

    def __init__(self, address: str, model: str, timeout: float):
        if util.find_spec("tensorflow_serving") is None:
            raise UserError(
                "--protocol=grpc: needs pip install 'wn_gan[serving]'; or use "
                "--protocol=rest"
            )
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.address, self.model, self.timeout = address, model, timeout
        self._grpc = grpc
        self._channel = grpc.insecure_channel(address, options=_UNLIMITED)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Runs a signature; returns its outputs by name."""
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = self._call(self._stub.Predict, request)
        return {
            name: tf.make_ndarray(tensor)
            for name, tensor in response.outputs.items()
        }

    def input_shape(self, signature: str, name: str) -> list[int]:
        """Returns the shape of an input; -1 for a free dimension."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest()
        request.model_spec.name = self.model
        request.metadata_field.append("signature_def")
        response = self._call(self._stub.GetModelMetadata, request)
        found = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        inputs = found.signature_def[signature].inputs
        if name not in inputs:
            raise bad_flag("model", self.model, f"has no {signature}({name})")
        return [dim.size for dim in inputs[name].tensor_shape.dim]

    def _call(self, method, request):
        try:
            return method(request, timeout=self.timeout)
        except self._grpc.RpcError as error:
            code, told = error.code(), error.details()
            if code == self._grpc.StatusCode.NOT_FOUND:
                raise bad_flag("model", self.model, told) from error
            if code == self._grpc.StatusCode.INVALID_ARGUMENT:
                raise UserError(f"{self.model}: {told}") from error
            raise bad_flag(
                "address", self.address, f"{code.name.lower()}: {told}"
            ) from error

"""TensorFlow Serving's REST interface."""

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import numpy as np

from wn_gan.client.answers import part_of, rejected, unknown_model, unusable
from wn_gan.client.http_call import Answer, fetch
from wn_gan.client.tls import TLS_HINT, tls_context
from wn_gan.config import ServerOptions
from wn_gan.errors import UserError

_OK = 200
_NOT_FOUND = 404
_BAD_REQUEST = 400


class RestTransport:
    """Calls one model over REST, without stubs.

    Args:
        server: the server and the model.

    Raises:
        UserError: for an unusable `--tls_ca`; in every method, if the server
            does not answer or rejects the call.
    """

    def __init__(self, server: ServerOptions):
        self.server = server
        self._context = tls_context(server.tls_ca) if server.tls else None

    def close(self) -> None:
        """Does nothing: no connection stays open."""

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Runs a signature; returns its outputs by name.

        A single output comes without its name; it is called "outputs" here.
        """
        given = {name: array.tolist() for name, array in inputs.items()}
        body = {"signature_name": signature, "inputs": given}
        outputs = part_of(self.server, self._call(":predict", body), "outputs")
        if isinstance(outputs, list):
            outputs = {"outputs": outputs}
        if not isinstance(outputs, dict):
            raise unusable(self.server, "its 'outputs' hold no arrays")
        return {
            name: self._array(name, value) for name, value in outputs.items()
        }

    def input_shape(self, signature: str, name: str) -> list[int]:
        """Returns the shape of an input; -1 for a free dimension."""
        keys = ("metadata", "signature_def", "signature_def")
        signatures = part_of(self.server, self._call("/metadata"), *keys)
        try:
            shape = signatures[signature]["inputs"][name]["tensor_shape"]
        except (KeyError, TypeError):
            raise unknown_model(
                self.server, f"has no {signature}({name})"
            ) from None
        try:
            return [int(dim["size"]) for dim in shape["dim"]]
        except (KeyError, TypeError, ValueError):
            raise unusable(
                self.server, f"no shape of {signature}({name}) in its metadata"
            ) from None

    def _call(self, what: str, body: dict | None = None) -> Any:
        """Returns the decoded JSON of a successful call."""
        answer = self._fetch(what, body)
        found = _decoded(answer.body)
        if answer.status == _OK and found is not None:
            return found
        if answer.status == _OK:
            raise unusable(self.server, "the answer is not JSON")
        told = found.get("error") if isinstance(found, dict) else None
        status = f"status {answer.status} {answer.reason}"
        if told is None:
            raise unusable(self.server, f"{status}, without TensorFlow's error")
        if answer.status == _NOT_FOUND:
            raise unknown_model(self.server, told)
        if answer.status == _BAD_REQUEST:
            raise rejected(self.server, told)
        raise unusable(self.server, f"{status}: {told}")

    def _fetch(self, what: str, body: dict | None) -> Answer:
        scheme = "https" if self.server.tls else "http"
        model = urllib.parse.quote(self.server.model, safe="")
        request = urllib.request.Request(
            f"{scheme}://{self.server.address}/v1/models/{model}{what}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            return fetch(request, self.server.timeout, self._context)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._no_answer(error) from error

    def _no_answer(self, error: Exception) -> UserError:
        if isinstance(error, urllib.error.URLError):
            error = error.reason
        reason: object = error
        if isinstance(error, TimeoutError):
            reason = f"not complete within {self.server.timeout:g} seconds"
        elif isinstance(error, ssl.SSLCertVerificationError):
            reason = f"certificate refused: {error.verify_message}; {TLS_HINT}"
        elif isinstance(error, http.client.HTTPException):
            reason = "not HTTP; --protocol=rest needs the REST port, often 8501"
        return unusable(self.server, f"no answer: {reason}")

    def _array(self, name: str, value: Any) -> np.ndarray:
        """Converts numbers to float32 and {"b64": ...} to bytes."""
        try:
            if isinstance(value, list) and value and isinstance(value[0], dict):
                found = np.empty(len(value), object)
                found[:] = [base64.b64decode(item["b64"]) for item in value]
                return found
            return np.asarray(value, np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise unusable(
                self.server, f"its output {name!r} is no array"
            ) from error


def _decoded(body: bytes) -> Any:
    """Returns the value of a JSON text; None if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

"""TensorFlow Serving's REST interface."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from wn_gan.errors import UserError, bad_flag

_NOT_FOUND = 404
_BAD_REQUEST = 400


class RestTransport:
    """Calls one model over REST, without stubs.

    Args:
        address: host:port.
        model: name of the model.
        timeout: limit per call, in seconds.

    Raises:
        UserError: in every method, if the server does not answer or rejects
            the call.
    """

    def __init__(self, address: str, model: str, timeout: float):
        self.address, self.model, self.timeout = address, model, timeout

    def close(self) -> None:
        """Does nothing: no connection stays open."""

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Runs a signature; returns its outputs by name."""
        given = {name: array.tolist() for name, array in inputs.items()}
        body = {"signature_name": signature, "inputs": given}
        outputs = self._call(":predict", body)["outputs"]
        if not isinstance(outputs, dict):
            # A single output comes without its name.
            return {"": _array(outputs)}
        return {name: _array(value) for name, value in outputs.items()}

    def input_shape(self, signature: str, name: str) -> list[int]:
        """Returns the shape of an input; -1 for a free dimension."""
        metadata = self._call("/metadata")["metadata"]
        signatures = metadata["signature_def"]["signature_def"]
        try:
            shape = signatures[signature]["inputs"][name]["tensor_shape"]
        except KeyError:
            raise bad_flag(
                "model", self.model, f"has no {signature}({name})"
            ) from None
        return [int(dim["size"]) for dim in shape["dim"]]

    def _call(self, what: str, body: dict | None = None) -> dict[str, Any]:
        url = f"http://{self.address}/v1/models/{self.model}{what}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(url, data, self.timeout) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            told = _told(error)
            if error.code == _NOT_FOUND:
                raise bad_flag("model", self.model, told) from error
            if error.code == _BAD_REQUEST:
                raise UserError(f"{self.model}: {told}") from error
            raise bad_flag("address", self.address, told) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise bad_flag(
                "address", self.address, f"no answer: {reason}"
            ) from error


def _told(error: urllib.error.HTTPError) -> str:
    """Returns the server's error message, or else the HTTP status."""
    try:
        return json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        return f"status {error.code} {error.reason}"


def _array(value: Any) -> np.ndarray:
    """Converts numbers to float32 and {"b64": ...} to bytes."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        found = np.empty(len(value), object)
        found[:] = [base64.b64decode(item["b64"]) for item in value]
        return found
    return np.asarray(value, np.float32)

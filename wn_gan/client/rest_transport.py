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
    """Calls of one model; no stubs are needed.

    Args:
        address: host:port.
        model: name of the model.
        timeout: seconds a call may take.
    """

    def __init__(self, address: str, model: str, timeout: float):
        self.address, self.model, self.timeout = address, model, timeout

    def close(self) -> None:
        """Nothing is kept open."""

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Outputs of a signature, by name."""
        given = {name: array.tolist() for name, array in inputs.items()}
        body = {"signature_name": signature, "inputs": given}
        outputs = self._call(":predict", body)["outputs"]
        if not isinstance(outputs, dict):
            # A single output comes without its name.
            return {"": _array(outputs)}
        return {name: _array(value) for name, value in outputs.items()}

    def input_shape(self, signature: str, name: str) -> list[int]:
        """Of an input; -1 where any size will do."""
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
    """The server's own words, else the status."""
    try:
        return json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        return f"status {error.code} {error.reason}"


def _array(value: Any) -> np.ndarray:
    """Numbers as float32; {"b64": ...} as bytes."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        found = np.empty(len(value), object)
        found[:] = [base64.b64decode(item["b64"]) for item in value]
        return found
    return np.asarray(value, np.float32)

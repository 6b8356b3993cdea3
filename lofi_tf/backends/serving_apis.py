"""The two APIs of TensorFlow Serving, asked alike, and what their failures mean."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import grpc
import requests
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from lofi_tf.backends.base import Arrays
from lofi_tf.errors import LofiError, NoSuchFunction

BUSY = (429, 502, 503, 504)
GRPC_AWAY = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,  # by a server that shuts down: we cancel nothing
)
GRPC_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # A server that has come back is found at once: no wait is left over from another backend's try.
    ("grpc.use_local_subchannel_pool", 1),
    # Where a name has several addresses, they take turns.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
]

Signatures = Mapping[str, meta_graph_pb2.SignatureDef]


class Again(LofiError):
    """A failure that may be gone at the next try."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a model is served.

    Attributes:
        text: the address as it was given, which errors name.
        server: what stands before the model's name.
        name: the model's.
        version: its number, or None for the latest.
        label: the version's, or None.
    """

    text: str
    server: str
    name: str
    version: str | None
    label: str | None


class RestApi:
    """The REST API of a server."""

    def __init__(self, place: Address):
        self.place, self.session = place, requests.Session()
        self.session.headers["Content-Type"] = "application/json"

    def predict(self, function: str, arrays: Arrays, seconds: float) -> Any:
        """Returns the outputs of a function by name; of one that has a single one that alone."""
        # A float32 is written with a float64's digits: servers' quick parsers round those well.
        inputs = {name: value.tolist() for name, value in arrays.items()}
        body = json.dumps({"signature_name": function, "inputs": inputs})
        return self._answer("POST", ":predict", seconds, "outputs", function, body)

    def signatures(self, seconds: float) -> Signatures:
        """Returns the signatures of the model by name."""
        values = self._answer("GET", "/metadata", seconds, "metadata", "metadata")
        return _signatures_of(self.place, values)

    def _answer(self, method, path, seconds, key, function, body=None) -> Any:
        """Returns what the JSON of an answer holds under a key."""
        text = self.place.text
        try:
            answer = self.session.request(
                method,
                text.rstrip("/") + path,
                data=body,
                timeout=seconds,
                allow_redirects=False,  # would ask again by GET
            )
        except requests.exceptions.SSLError as error:
            raise LofiError(f"{text} is not safe to ask: {_why(error)}") from error
        except requests.Timeout as error:
            raise Again(f"{text} gave no answer in {seconds:.3g} s") from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise Again(f"{text} cannot be reached: {_why(error)}") from error
        except requests.RequestException as error:
            raise LofiError(f"{text} cannot be asked: {_why(error)}") from error
        if answer.status_code != requests.codes.ok:
            raise _rest_error(self.place, function, answer)
        try:
            return json.loads(answer.content)[key]
        except (ValueError, KeyError, TypeError) as error:
            start = one_line(answer.content[:60].decode(errors="replace"))
            raise LofiError(
                f"{text} does not answer as TensorFlow Serving does, but: {start}"
            ) from error


def _why(error: requests.RequestException) -> str:
    """Returns the reason inside an error of requests."""
    inner = error.args[0] if error.args else error
    return one_line(getattr(inner, "reason", inner))


def _rest_error(place: Address, function: str, answer: requests.Response) -> LofiError:
    try:
        said = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        said = answer.text or answer.reason
    status = answer.status_code
    if status in BUSY:
        return Again(f"{place.text} is busy or away: HTTP {status}, {one_line(said)}")
    return _refusal(place, function, f"HTTP {status}", said, status == requests.codes.not_found)


def _signatures_of(place: Address, values: Any) -> Signatures:
    """Returns the signatures that the JSON of a model's metadata lists."""
    found = get_model_metadata_pb2.SignatureDefMap()
    try:
        json_format.ParseDict(values["signature_def"], found, ignore_unknown_fields=True)
    except (KeyError, TypeError, json_format.ParseError) as error:
        raise LofiError(f"{place.text} does not list its signatures: {one_line(error)}") from error
    return found.signature_def


class GrpcApi:
    """The gRPC API of a server."""

    def __init__(self, place: Address):
        server = place.server.removeprefix("grpc://").rstrip("/")
        self.place = place
        self.stub = PredictionServiceStub(grpc.insecure_channel(server, GRPC_OPTIONS))

    def predict(self, function: str, arrays: Arrays, seconds: float) -> Arrays:
        """Returns the outputs of a function by name."""
        request = self._of_model(predict_pb2.PredictRequest())
        request.model_spec.signature_name = function
        for name, value in arrays.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        answer = self._answer(self.stub.Predict, request, seconds, function)
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}

    def signatures(self, seconds: float) -> Signatures:
        """Returns the signatures of the model by name."""
        request = self._of_model(get_model_metadata_pb2.GetModelMetadataRequest())
        request.metadata_field.append("signature_def")
        answer = self._answer(self.stub.GetModelMetadata, request, seconds, "metadata")
        found = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(found)
        return found.signature_def

    def _of_model(self, request: Any) -> Any:
        """Returns a request, made out to the model."""
        request.model_spec.name = self.place.name
        if self.place.version:
            request.model_spec.version.value = int(self.place.version)
        if self.place.label:
            request.model_spec.version_label = self.place.label
        return request

    def _answer(self, method, request, seconds, function) -> Any:
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            raise _grpc_error(self.place, function, error, seconds) from error


def _grpc_error(place: Address, function: str, error: grpc.RpcError, seconds: float) -> LofiError:
    code, said = error.code(), error.details()
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return Again(f"{place.text} gave no answer in {seconds:.3g} s")
    if code in GRPC_AWAY:
        return Again(f"{place.text} cannot be reached: {code.name}, {one_line(said)}")
    return _refusal(place, function, code.name, said, code == grpc.StatusCode.NOT_FOUND)


def _refusal(place: Address, function: str, code: str, said: Any, unknown: bool) -> LofiError:
    """Returns the error for a request that would be refused again."""
    said = one_line(said)
    if "signature" in said and "not found" in said:
        return NoSuchFunction(f"{place.text} has no signature {function!r}: {said}")
    if unknown:
        return LofiError(f"there is no model {place.name!r} at {place.text}: {said}")
    return LofiError(f"{place.text} refused {function}: {code}, {said}")


def one_line(text: Any, most: int = 200) -> str:
    """Returns a text as one printable line, cut where it is long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= most else f"{line[:most]}..."

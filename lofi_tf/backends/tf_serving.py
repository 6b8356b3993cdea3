"""A model behind TensorFlow Serving, over REST or gRPC, asked like one in this process.

What is asked is pure: the same request has the same answer. So a request is simply sent again where
a server, or the way to it, fails for a moment.
"""

import dataclasses
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import numpy as np
import requests
import tensorflow as tf
import yaml
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from lofi_tf.backends.base import Arrays, Backend, by_either_name, config_of_yaml
from lofi_tf.backends.signatures import LONE, shapes_of
from lofi_tf.config import Config
from lofi_tf.errors import LofiError, NoSuchFunction

ADDRESS = re.compile(
    r"(?P<server>https?://[^/@?#]+(?:/[^@?#]+)?/v1/models/|grpc://[^/@?#]+:\d+/)"
    r"(?P<name>[^/:@?#]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:@?#]+))?/?"
)
WHOLE = {name: np.int32 for name in ("length", "lengths", "num_outputs", "steps", "rows")}
DTYPES = {"seed": np.int64, **WHOLE}  # everything else is float32
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
    # Where a name has several addresses, they take turns.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
]

Ask = Callable[[str, Arrays, float], Mapping[str, Any]]


class _Again(LofiError):
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


def open_server(
    address: str, timeout: float = 60.0, tries: int = 5, first_wait: float = 0.2
) -> Backend:
    """Returns a served model as a backend; its config is asked of the server.

    Args:
        address: `http(s)://host:port/v1/models/name` or `grpc://host:port/name`, and after it
            `/versions/number` or `/labels/label` where not the latest version is meant.
        timeout: seconds to wait for an answer; all tries of a request together end after twice
            that.
        tries: how often a request is sent in all while the server is away, busy or late.
        first_wait: seconds between the first two tries; each further wait is twice as long, and a
            random part of up to half is left out.

    Raises:
        LofiError: no such address, no answer, no such model, or not one of lofi_tf's. Calls of the
            backend raise it too.
    """
    place = parse_address(address)
    ask = _over_grpc(place) if address.startswith("grpc://") else _over_rest(place)

    def call(function: str, given: Arrays) -> Mapping[str, Any]:
        typed = {
            name: np.asarray(value, DTYPES.get(name, np.float32)) for name, value in given.items()
        }
        return _persistently(
            lambda seconds: ask(function, typed, seconds), timeout, tries, first_wait
        )

    config = _described(place, call)
    either = by_either_name(config, call)
    return Backend(
        config,
        lambda name, given: _checked(
            place, name, either(name, given), shapes_of(config, name, given)
        ),
    )


def parse_address(address: str) -> Address:
    """Returns the parts of an address.

    Raises:
        LofiError: it has another form.
    """
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise LofiError(
            "the address of a served model is http(s)://host:port/v1/models/name or "
            "grpc://host:port/name, with /versions/number or /labels/label after it where not the "
            f"latest version is meant. Received: {address!r}"
        )
    return Address(address, **found.groupdict())


def _persistently(ask, timeout: float, tries: int, first_wait: float):
    """Returns what `ask` of the seconds to wait gives, asked again while it raises `_Again`."""
    end = time.monotonic() + 2 * timeout
    for number in range(1, tries + 1):
        try:
            return ask(max(0.01, min(timeout, end - time.monotonic())))
        except _Again as error:
            wait = first_wait * 2 ** (number - 1) * random.uniform(0.5, 1.0)
            if number == tries or time.monotonic() + wait >= end:
                times = "once" if number == 1 else f"{number} times"
                raise LofiError(f"{error} (asked {times})") from error
        time.sleep(wait)


def _over_rest(place: Address) -> Ask:
    session, url = requests.Session(), place.text.rstrip("/") + ":predict"

    def ask(function: str, given: Arrays, seconds: float) -> Mapping[str, Any]:
        # A float32 is written with a float64's digits: servers' quick parsers round those well.
        inputs = {name: value.tolist() for name, value in given.items()}
        body = json.dumps({"signature_name": function, "inputs": inputs})
        try:
            answer = session.post(
                url,
                body,
                headers={"Content-Type": "application/json"},
                timeout=seconds,
                allow_redirects=False,  # would ask again by GET
            )
        except requests.exceptions.SSLError as error:
            raise LofiError(f"{place.text} is not safe to ask: {_why(error)}") from error
        except requests.Timeout as error:
            raise _Again(f"{place.text} gave no answer in {seconds:.3g} s") from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _Again(f"{place.text} cannot be reached: {_why(error)}") from error
        except requests.RequestException as error:
            raise LofiError(f"{place.text} cannot be asked: {_why(error)}") from error
        if answer.status_code != requests.codes.ok:
            raise _rest_error(place, function, answer)
        return _of_json(place, function, answer.content)

    return ask


def _why(error: requests.RequestException) -> str:
    """Returns the reason inside an error of requests."""
    inner = error.args[0] if error.args else error
    return _line(getattr(inner, "reason", inner))


def _rest_error(place: Address, function: str, answer: requests.Response) -> LofiError:
    try:
        said = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        said = answer.text or answer.reason
    status = answer.status_code
    if status in BUSY:
        return _Again(f"{place.text} is busy or away: HTTP {status}, {_line(said)}")
    return _refusal(place, function, f"HTTP {status}", said, status == requests.codes.not_found)


def _of_json(place: Address, function: str, content: bytes) -> Mapping[str, Any]:
    """Returns the named outputs of an answer, which names them only where they are several."""
    try:
        outputs = json.loads(content)["outputs"]
    except (ValueError, KeyError, TypeError) as error:
        start = _line(content[:60].decode(errors="replace"))
        raise LofiError(
            f"{place.text} does not answer as TensorFlow Serving does, but: {start}"
        ) from error
    named = isinstance(outputs, dict) or function not in LONE
    return outputs if named else {LONE[function]: outputs}


def _over_grpc(place: Address) -> Ask:
    server = place.server.removeprefix("grpc://").rstrip("/")
    stub = PredictionServiceStub(grpc.insecure_channel(server, GRPC_OPTIONS))

    def ask(function: str, given: Arrays, seconds: float) -> Mapping[str, Any]:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = place.name, function
        if place.version:
            request.model_spec.version.value = int(place.version)
        if place.label:
            request.model_spec.version_label = place.label
        for name, value in given.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        try:
            answer = stub.Predict(request, timeout=seconds)
        except grpc.RpcError as error:
            raise _grpc_error(place, function, error, seconds) from error
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}

    return ask


def _grpc_error(place: Address, function: str, error: grpc.RpcError, seconds: float) -> LofiError:
    code, said = error.code(), error.details()
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return _Again(f"{place.text} gave no answer in {seconds:.3g} s")
    if code in GRPC_AWAY:
        return _Again(f"{place.text} cannot be reached: {code.name}, {_line(said)}")
    return _refusal(place, function, code.name, said, code == grpc.StatusCode.NOT_FOUND)


def _refusal(place: Address, function: str, code: str, said: Any, unknown: bool) -> LofiError:
    """Returns the error for a request that would be refused again."""
    said = _line(said)
    if "signature" in said and "not found" in said:
        if function == "describe":
            return LofiError(
                f"{place.text} serves a model that lofi_export did not write: it has no signature "
                "'describe'"
            )
        return NoSuchFunction(f"{place.text} has no signature {function!r}: {said}")
    if unknown:
        return LofiError(f"there is no model {place.name!r} at {place.text}: {said}")
    return LofiError(f"{place.text} refused {function}: {code}, {said}")


def _described(place: Address, call: Callable[[str, Arrays], Mapping[str, Any]]) -> Config:
    """Returns the config that a served model describes itself with."""
    answer = call("describe", {"rows": np.zeros(1)})
    try:
        (text,) = answer["config_yaml"]
        text = text.decode() if isinstance(text, bytes) else text
        return config_of_yaml(text, place.text)
    except LofiError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise LofiError(
            f"{place.text} does not describe itself with a config of lofi_tf: {_line(error)}"
        ) from error


def _checked(
    place: Address, function: str, answer: Any, shapes: Mapping[str, tuple[int, ...]]
) -> Arrays:
    """Returns an answer as float32 arrays, once they are what they should be."""
    found = {}
    for name, shape in shapes.items():
        try:
            value = np.asarray(answer[name], np.float32)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise LofiError(
                f"{place.text} answered {function} with no numbers {name!r}: {_line(error)}"
            ) from error
        if value.shape != shape:
            raise LofiError(
                f"{place.text} answered {function} with {name!r} of the shape "
                f"{list(value.shape)}, not {list(shape)}: does it serve another model by now?"
            )
        if not np.isfinite(value).all():
            raise LofiError(f"{place.text} answered {function} with {name!r} that are not finite")
        found[name] = value
    return found


def _line(text: Any, most: int = 200) -> str:
    """Returns a text as one printable line, cut where it is long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= most else f"{line[:most]}..."

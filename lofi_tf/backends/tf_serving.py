"""A model behind TensorFlow Serving, over REST or gRPC, asked like one in this process.

What is asked is pure: the same request has the same answer. So a request is simply sent again where
a server, or the way to it, fails for a moment.
"""

import random
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import yaml
from tensorflow.core.protobuf import meta_graph_pb2

from lofi_tf.backends.base import Arrays, Backend, name_among
from lofi_tf.backends.serving_apis import Address, Again, GrpcApi, RestApi, one_line
from lofi_tf.config import Config, config_from_dict
from lofi_tf.errors import LofiError

ADDRESS = re.compile(
    r"(?P<server>https?://[^/@?#]+(?:/[^@?#]+)?/v1/models/|grpc://[^/@?#]+:\d+/)"
    r"(?P<name>[^/:@?#]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:@?#]+))?/?"
)
DESCRIBE = {"rows": np.zeros(1, np.int32)}


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
    server = (GrpcApi if address.startswith("grpc://") else RestApi)(place)

    def ask(request: Callable[[float], Any]) -> Any:
        return _persistently(request, timeout, tries, first_wait)

    signatures = ask(server.signatures)
    if "describe" not in signatures:
        raise LofiError(
            f"{place.text} serves a model that lofi_export did not write: it has no signature "
            "'describe'"
        )
    answer = ask(lambda seconds: server.predict("describe", DESCRIBE, seconds))
    config = _config_of(place, answer)

    def call(function: str, arrays: Arrays) -> Arrays:
        name = name_among(signatures, function, config, place.text)
        arrays = _typed(arrays, signatures[name])
        answer = ask(lambda seconds: server.predict(name, arrays, seconds))
        return _checked(place, name, answer, arrays, signatures[name])

    return Backend(config, call)


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
    """Returns what `ask` of the seconds to wait gives, asked again while it raises `Again`."""
    end = time.monotonic() + 2 * timeout
    for number in range(1, tries + 1):
        try:
            return ask(max(0.01, min(timeout, end - time.monotonic())))
        except Again as error:
            wait = first_wait * 2 ** (number - 1) * random.uniform(0.5, 1.0)
            if number == tries or time.monotonic() + wait >= end:
                times = "once" if number == 1 else f"{number} times"
                raise LofiError(f"{error} (asked {times})") from error
        time.sleep(wait)


def _config_of(place: Address, answer: Any) -> Config:
    """Returns the config that a served model describes itself with."""
    try:
        (text,) = answer["config_yaml"] if isinstance(answer, dict) else answer
        text = text.decode() if isinstance(text, bytes) else text
        return config_from_dict(yaml.safe_load(text), place.text)
    except LofiError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise LofiError(
            f"{place.text} does not describe itself with a config of lofi_tf: {one_line(error)}"
        ) from error


def _typed(arrays: Arrays, signature: meta_graph_pb2.SignatureDef) -> Arrays:
    """Returns arrays in the types that a function takes; those that it does not know as float32."""
    kinds = {
        name: tf.as_dtype(info.dtype).as_numpy_dtype for name, info in signature.inputs.items()
    }
    return {name: np.asarray(v, kinds.get(name, np.float32)) for name, v in arrays.items()}


def _checked(
    place: Address,
    function: str,
    answer: Any,
    arrays: Arrays,
    signature: meta_graph_pb2.SignatureDef,
) -> Arrays:
    """Returns an answer as float32 arrays, once they are what the signature says."""
    outputs = signature.outputs
    if len(outputs) == 1 and not isinstance(answer, dict):
        answer = {name: answer for name in outputs}
    num_rows = _num_rows(arrays)
    found = {}
    for name, info in outputs.items():
        try:
            value = np.asarray(answer[name], np.float32)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise LofiError(
                f"{place.text} answered {function} with no numbers {name!r}: {one_line(error)}"
            ) from error
        shape = tf.TensorShape([num_rows]).concatenate(tf.TensorShape(info.tensor_shape)[1:])
        if not shape.is_compatible_with(value.shape):
            raise LofiError(
                f"{place.text} answered {function} with {name!r} of the shape "
                f"{list(value.shape)}, not {shape.as_list()}: does it serve another model by now?"
            )
        if not np.isfinite(value).all():
            raise LofiError(f"{place.text} answered {function} with {name!r} that are not finite")
        found[name] = value
    return found


def _num_rows(arrays: Arrays) -> int:
    """Returns the rows of an answer: those of the question, or as many as it asks for."""
    count = next((arrays[name] for name in ("num_outputs", "steps") if name in arrays), None)
    return len(next(iter(arrays.values()))) if count is None else int(count)

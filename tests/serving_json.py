"""Tensors in JSON, read and written as the json_tensor of TensorFlow Serving does."""

import base64
import json

import grpc
import numpy as np
import tensorflow as tf

WHOLE = 2**24 - 1  # the largest whole number that is read as a float32


class Fault(Exception):
    """A request that is answered with an error.

    Attributes:
        code: its gRPC code; the REST API answers the HTTP status that goes with it.
    """

    def __init__(self, message, code=grpc.StatusCode.INVALID_ARGUMENT):
        super().__init__(message)
        self.code = code


def parse(body):
    """Returns the request that a body holds."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Fault("JSON Parse error: Invalid value. at offset: 0") from error
    if not isinstance(request, dict):
        raise Fault(f"JSON Value: {json.dumps(request)} Is not object")
    if not isinstance(request.get("signature_name", ""), str):
        raise Fault("'signature_name' key must be a string value.")
    return request


def inputs_of(request, infos):
    """Returns a request's tensors by name, and whether they came row by row."""
    if "instances" in request and "inputs" in request:
        raise Fault("Not formatted correctly expecting only one of 'inputs' or 'instances' keys")
    if "instances" in request:
        return _of_rows(request["instances"], infos), True
    if "inputs" not in request:
        raise Fault("Missing 'inputs' or 'instances' key")
    given = request["inputs"]
    if not isinstance(given, dict):
        if len(infos) > 1:
            raise Fault("inputs is a plain value/list, but expecting an object")
        given = dict.fromkeys(infos, given)
    for name in infos:
        if name not in given:
            raise Fault(f"Missing named input: {name} in 'inputs' object.")
    return {name: _tensor(given[name], info) for name, info in infos.items()}, False


def _of_rows(rows, infos):
    if not isinstance(rows, list) or not rows:
        raise Fault("Expecting 'instances' to be a list with values")
    if len(infos) == 1 and not isinstance(rows[0], dict):
        rows = [dict.fromkeys(infos, row) for row in rows]
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(infos):
            raise Fault(
                f"Failed to process element: {number} of 'instances' list. JSON object keys must "
                f"be equal to: {','.join(sorted(infos))}"
            )
    return {name: _tensor([row[name] for row in rows], info) for name, info in infos.items()}


def _tensor(value, info):
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    dtype, values = tf.as_dtype(info.dtype), []
    _fill(value, shape, dtype, values)
    return np.array(values, dtype.as_numpy_dtype).reshape(shape)


def _fill(value, shape, dtype, values):
    if isinstance(value, list):
        if not shape or len(value) != shape[0]:
            raise Fault(f"Encountered list at unexpected size: {len(value)}")
        for item in value:
            _fill(item, shape[1:], dtype, values)
        return
    if shape:
        raise Fault(f"JSON Value: {json.dumps(value)} found at incorrect level")
    allowed = (int, float) if dtype.is_floating else int
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise Fault(f"JSON Value: {json.dumps(value)} is not of expected type: {dtype.name}")
    if dtype.is_floating and isinstance(value, int) and abs(value) > WHOLE:
        raise Fault(f"Cannot convert JSON value: {value} to float without loss of precision.")
    values.append(value)


def text_of(outputs, by_rows):
    """Returns the body of an answer."""
    if not by_rows:
        parts = {name: _text(value, name) for name, value in outputs.items()}
        return f'{{"outputs": {_object(parts)}}}'
    if len({len(value) for value in outputs.values()}) != 1:
        raise Fault("Tensor name: has inconsistent batch size")
    rows = [
        _object({name: _text(item, name) for name, item in zip(outputs, row, strict=True)})
        for row in zip(*outputs.values(), strict=True)
    ]
    return f'{{"predictions": [{", ".join(rows)}]}}'


def _object(parts):
    """Returns named parts as an object, a single one without its name."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    return "{" + ", ".join(f'"{name}": {part}' for name, part in parts.items()) + "}"


def _text(value, name):
    if isinstance(value, np.ndarray) and value.ndim:
        return f"[{', '.join(_text(item, name) for item in value)}]"
    value = value[()] if isinstance(value, np.ndarray) else value
    if isinstance(value, bytes):
        if name.endswith("_bytes"):
            return json.dumps({"b64": base64.b64encode(value).decode()})
        return json.dumps(value.decode())
    return _decimal(value) if isinstance(value, np.floating) else str(value)


def _decimal(value):
    """Returns a float32 in six digits where they are enough, otherwise in nine."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = f"{value:.6g}"
    text = text if np.float32(text) == value else f"{value:.9g}"
    return text if "." in text or "e" in text else f"{text}.0"

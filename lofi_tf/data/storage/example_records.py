"""The records of example shards: arrays as bytes, and what those of all examples have in common.

A record is a serialized `tf.train.Example`: each array as its raw bytes (little-endian, row by
row), and `sources`, the names of the pieces that the example is found in.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError

SOURCES = "sources"

Spec = dict[str, dict[str, Any]]  # name -> {dtype: "uint8", shape: [64, 9]}; None is any length
Layout = tuple[tuple[str, str, tuple[int, ...]], ...]  # (name, dtype, shape) of each array

_LENGTH_DELIMITED = 2


def encode_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Returns the arrays of one example as bytes; equal arrays give equal bytes.

    Only an array's first dimension may differ from one example to another: that is what
    `spec_of_layouts` allows.
    """
    return b"".join(_feature(name, [array.tobytes()]) for name, array in arrays.items())


def encode_example(encoded_arrays: bytes, sources: Iterable[str]) -> bytes:
    """Returns the record of one example: a serialized `tf.train.Example`."""
    names = [source.encode() for source in sources]
    return _field(1, encoded_arrays + _feature(SOURCES, names))


def decode_example(record: bytes, names: Iterable[str]) -> tuple[list[bytes], str]:
    """Returns the bytes of some arrays of an example, and its sources, joined by commas.

    Raises:
        ValueError: the record is none of an example with these arrays.
    """
    import tensorflow as tf

    try:
        features = tf.train.Example.FromString(record).features.feature
        values = [features[name].bytes_list.value[0] for name in names]
    except Exception as error:  # protobuf's DecodeError has several homes
        raise ValueError("no example with these arrays") from error
    return values, ",".join(name.decode() for name in features[SOURCES].bytes_list.value)


def layout_of(arrays: Mapping[str, np.ndarray]) -> Layout:
    """Returns the names, types and shapes of an example's arrays."""
    return tuple((name, array.dtype.str, array.shape) for name, array in arrays.items())


def spec_of_layouts(layouts: Iterable[Layout]) -> Spec:
    """Returns what all layouts have in common; a first dimension that differs becomes None.

    Raises:
        LofiError: other names, types or dimensions differ.
    """
    spec: Spec = {}
    for layout in layouts:
        entries = {
            name: {"dtype": np.dtype(dtype).name, "shape": list(shape)}
            for name, dtype, shape in layout
        }
        spec = merged_spec(spec, entries) if spec else entries
    return spec


def merged_spec(first: Spec, second: Spec) -> Spec:
    """Returns what two specs have in common, as `spec_of_layouts` does."""
    if not first or not second or first == second:
        return first or second
    merged = {}
    for name in first | second:
        one, other = first.get(name), second.get(name)
        if not one or not other or _rigid(one) != _rigid(other):
            raise LofiError(f"examples do not fit together: {name} is {one} and {other}")
        same = one["shape"] == other["shape"]
        merged[name] = one if same else one | {"shape": [None, *one["shape"][1:]]}
    return merged


def _feature(name: str, values: Iterable[bytes]) -> bytes:
    """Returns an entry of the message's map: a name and a list of bytes."""
    joined = b"".join(_field(1, value) for value in values)
    return _field(1, _field(1, name.encode()) + _field(2, _field(1, joined)))


def _field(number: int, data: bytes) -> bytes:
    size, prefix = len(data), bytearray([number << 3 | _LENGTH_DELIMITED])
    while size > 127:
        prefix.append(size & 127 | 128)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + data


def _rigid(entry: Mapping[str, Any]) -> tuple:
    """Returns what must be the same for all examples."""
    return entry["dtype"], len(entry["shape"]), entry["shape"][1:]

"""Weights as TensorFlow.js keeps them: `weights_manifest.json` and shards of bytes beside it.

The manifest is a list of groups, each with the names of its shards and, in the order of their
bytes, the name, shape and kind of each weight. A weight may be quantised: as float16, or as uint8
or uint16 of which each is value * scale + min.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError, unknown_name

MANIFEST = "weights_manifest.json"
SHARD_BYTES = 4 << 20
QUANTIZATIONS = ("none", "uint8", "uint16", "float16")
_KINDS = {"float32": "<f4", "int32": "<i4", "bool": "u1"}
_STORED = {"uint8": "u1", "uint16": "<u2", "float16": "<f2"}


def write_weights(folder: Path, weights: Mapping[str, np.ndarray], quantization: str) -> None:
    """Writes float32 weights into a folder.

    Args:
        folder: that is there already.
        weights: by name.
        quantization: `none`, `uint8`, `uint16` or `float16`; of each weight on its own.

    Raises:
        LofiError: another quantisation, or a weight that it cannot hold.
    """
    if quantization not in QUANTIZATIONS:
        raise unknown_name("quantization", quantization, QUANTIZATIONS)
    specs, parts = [], []
    for name in sorted(weights):
        value = np.asarray(weights[name], np.float32)
        stored, kind = _quantised(name, value, quantization)
        specs.append({"name": name, "shape": list(value.shape), "dtype": "float32"} | kind)
        parts.append(stored.tobytes())
    data = b"".join(parts)
    starts = range(0, len(data), SHARD_BYTES)
    names = [f"group1-shard{n}of{len(starts)}.bin" for n in range(1, len(starts) + 1)]
    for name, start in zip(names, starts, strict=True):
        (folder / name).write_bytes(data[start : start + SHARD_BYTES])
    text = json.dumps([{"paths": names, "weights": specs}])
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """Returns the weights in a folder by name, those that are quantised as float32.

    Raises:
        LofiError: no manifest there, one that is damaged or asks for what is unknown, or shards
            that are missing or of another size.
    """
    path, found = folder / MANIFEST, {}
    with _damage(path):
        for group in _groups(path):
            data = b"".join(_shard(folder, name) for name in group["paths"])
            found |= _group(path, data, group["weights"])
    return found


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the weights in a folder by name.

    Raises:
        LofiError: no manifest there, or one that is damaged.
    """
    path = folder / MANIFEST
    with _damage(path):
        specs = [spec for group in _groups(path) for spec in group["weights"]]
        return {spec["name"]: tuple(spec["shape"]) for spec in specs}


def _groups(path: Path) -> list[Mapping[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Makes one line of whatever a damaged manifest raises."""
    try:
        yield
    except OSError as error:
        raise LofiError(f"cannot read {error.filename}: {error.strerror}") from error
    except LofiError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LofiError(f"{path} is no manifest of weights, or a damaged one") from error


def _quantised(name: str, value: np.ndarray, how: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Returns what is stored of a weight, and what the manifest says of it."""
    if not np.isfinite(value).all():
        raise LofiError(f"{name} holds values that are no numbers: it cannot be exported")
    if how == "none":
        return value.astype("<f4"), {}
    if how == "float16":
        most = np.finfo(np.float16).max
        if np.abs(value).max(initial=0) > most:
            raise LofiError(
                f"{name} holds values beyond {most:g}, the largest of float16: give another "
                "--quantization"
            )
        return value.astype("<f2"), {"quantization": {"dtype": how}}
    steps = np.iinfo(how).max
    low, high = float(value.min(initial=0)), float(value.max(initial=0))
    scale = (high - low) / steps or 1.0
    low = -round(-low / scale) * scale  # so that 0 stays 0
    stored = np.clip(np.round((value.astype(np.float64) - low) / scale), 0, steps)
    said = {"dtype": how, "scale": scale, "min": low}
    return stored.astype(_STORED[how]), {"quantization": said}


def _shard(folder: Path, name: str) -> bytes:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise LofiError(f"{folder / MANIFEST} names a shard elsewhere. Received: {name!r}")
    return path.read_bytes()


def _group(path: Path, data: bytes, specs: list[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    found, start = {}, 0
    for spec in specs:
        name, shape, how = spec["name"], tuple(spec["shape"]), spec.get("quantization")
        if spec["dtype"] not in _KINDS:
            raise unknown_name(f"dtype of {name} in {path}", spec["dtype"], _KINDS)
        if how and how["dtype"] not in _STORED:
            raise unknown_name(f"quantization of {name} in {path}", how["dtype"], _STORED)
        kind = np.dtype(_STORED[how["dtype"]] if how else _KINDS[spec["dtype"]])
        size = int(np.prod(shape)) * kind.itemsize
        if start + size > len(data):
            raise LofiError(f"the shards of {path} are too short: {name} is not whole")
        value = np.frombuffer(data[start : start + size], kind).reshape(shape)
        found[name] = _widened(value, how, spec["dtype"])
        start += size
    if start != len(data):
        raise LofiError(f"the shards of {path} hold {len(data) - start} bytes too many")
    return found


def _widened(value: np.ndarray, how: Mapping[str, Any] | None, kind: str) -> np.ndarray:
    if how and how["dtype"] != "float16":
        value = value * np.float64(how["scale"]) + np.float64(how["min"])
    if kind != "float32":
        return np.round(value).astype(kind)
    return value.astype(np.float32)

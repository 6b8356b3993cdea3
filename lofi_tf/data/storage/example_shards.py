"""Example shards: converted examples in TFRecord files, and the info.json that describes them.

A set of shards is `<prefix>-<split>-00000-of-00032` and so on for each split, beside
`<prefix>.info.json`, whose `example_spec` says what a record holds (`example_records.py`).
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.example_records import Spec
from lofi_tf.data.storage.examples import Examples
from lofi_tf.data.storage.mapped_shards import fit_in_memory, mapped_arrays, shard_rows
from lofi_tf.data.storage.tfrecord import record_paths
from lofi_tf.errors import LofiError

SCHEMA_VERSION = 1
INFO_ENDING = ".info.json"

_SHARD = re.compile(r"(?P<prefix>.*)-(?P<split>[^-/]+)-\d{5}-of-(?P<total>\d{5})")


class ShardSet(NamedTuple):
    """Shards that a path names, in order by split, and where and what their info.json is."""

    info_path: Path
    info: Mapping[str, Any]
    files: Mapping[str, Sequence[Path]]


def shard_name(prefix: str | Path, split: str, shard: int, num_shards: int) -> Path:
    """Returns the file of one shard."""
    return Path(f"{prefix}-{split}-{shard:05d}-of-{num_shards:05d}")


def info_name(prefix: str | Path) -> Path:
    """Returns the info.json of a set of shards."""
    return Path(f"{prefix}{INFO_ENDING}")


def find_shards(path: str | Path) -> ShardSet | None:
    """Returns the example shards that a path names, None if it names something else.

    Args:
        path: the prefix of a set of shards, its info.json, the folder of one set, or shards
            themselves as a path, a glob, `x-train@32` or a comma list of these.

    Raises:
        LofiError: no such file, several sets, or an info.json that is damaged or incomplete.
    """
    info_path = _info_of_set(str(path))
    if info_path:
        return _whole_set(info_path)
    files = [] if os.path.isdir(path) else record_paths(path)
    infos = {_info_beside(file) for file in files}
    if infos <= {None}:
        return None
    if len(infos) > 1:
        raise LofiError(f"files of more than one set of examples. Received: {str(path)!r}")
    (info_path,) = infos
    by_split: dict[str, list[Path]] = {}
    for file in files:
        by_split.setdefault(_SHARD.fullmatch(file.name)["split"], []).append(file)
    return ShardSet(info_path, _read_info(info_path), by_split)


def load_shards(
    shards: ShardSet, split: str, converter: Mapping[str, Any], in_memory: bool = True
) -> Examples:
    """Returns the examples of one split.

    Args:
        shards: as `find_shards` returns them.
        split: which split is asked for (`chosen_split`).
        converter: a config's converter, `{kind: ..., **kwargs}`; it must be the shards'.
        in_memory: whether to hold them in memory; else, and where they would fill much of it, rows
            are read from disk when a batch needs them (`mapped_shards.py`).

    Raises:
        LofiError: another converter, no such split, or damaged files.
    """
    check_converter(shards, converter)
    split = chosen_split(shards, split)
    wanted = build_converter(converter).example_spec
    spec = {name: entry for name, entry in shards.info["example_spec"].items() if name in wanted}
    files = shards.files[split]
    if in_memory and fit_in_memory(files):
        arrays, sources = _read_shards(files, spec)
    else:
        arrays, sources = mapped_arrays(files, spec, shards.info_path)
    _check_count(shards, split, len(sources))
    num_sources = len({name for joined in set(sources) for name in joined.split(",")})
    return Examples(arrays, np.array(sources, object), num_sources=num_sources)


def chosen_split(shards: ShardSet, split: str) -> str:
    """Returns the split that is read where `split` is asked for.

    Where there is no `test`, that is `validation`; where a path names shards of one split only, it
    is that one.

    Raises:
        LofiError: no such split.
    """
    if len(shards.files) == 1 and len(shards.info["splits"]) > 1:
        return next(iter(shards.files))
    for name in (split, "validation" if split == "test" else split):
        if name in shards.files:
            return name
    allowed = ", ".join(shards.files)
    raise LofiError(f"{shards.info_path} has no such split. Allowed: {allowed}. Received: {split}")


def check_converter(shards: ShardSet, converter: Mapping[str, Any]) -> None:
    """Checks that a config's converter is the one that made the shards; says what differs.

    Its `free_options` may differ, and of its `subset_options` it may ask for less.
    """
    theirs = _options(shards.info["config"]["data"]["converter"])
    ours = _options(converter)
    differing = ["kind"]
    if ours["kind"] == theirs["kind"]:
        differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        differing = _hindering(differing, ours, theirs, build_converter(converter))
    if differing:
        differences = "; ".join(
            f"{name}: {theirs.get(name)!r} there, {ours.get(name)!r} in the config"
            for name in differing
        )
        raise LofiError(
            f"{shards.info_path} was made for {shards.info['config']['name']}, whose converter "
            f"differs from the config's ({differences}): run "
            f"{shards.info.get('made_by', 'preprocess_tfrecord')} with this config's settings"
        )


def _hindering(differing: list[str], ours: Mapping, theirs: Mapping, converter) -> list[str]:
    """Returns the options among differing ones that really are in the way."""
    return [
        name
        for name in differing
        if name not in converter.free_options
        and not (name in converter.subset_options and set(ours[name]) <= set(theirs[name]))
    ]


def _info_of_set(path: str) -> Path | None:
    """Returns the info.json that a prefix, a folder or its own name stands for."""
    if path.endswith(INFO_ENDING):
        return Path(path)
    if os.path.isdir(path):
        infos = sorted(Path(path).glob(f"*{INFO_ENDING}"))
        if len(infos) > 1:
            names = ", ".join(info.name for info in infos)
            raise LofiError(f"{path} holds more than one set of examples. Received: {names}")
        return infos[0] if infos else None
    named = info_name(path)
    return named if os.path.isfile(named) and not os.path.isfile(path) else None


def _info_beside(file: Path) -> Path | None:
    """Returns the info.json of a shard, if it has one."""
    match = _SHARD.fullmatch(file.name)
    info = info_name(file.parent / match["prefix"]) if match else None
    return info if info and info.is_file() else None


def _whole_set(info_path: Path) -> ShardSet:
    info = _read_info(info_path)
    prefix, total = str(info_path).removesuffix(INFO_ENDING), info["num_shards"]
    files = {
        split: [shard_name(prefix, split, shard, total) for shard in range(total)]
        for split in info["splits"]
    }
    missing = [file for shards in files.values() for file in shards if not file.is_file()]
    if missing:
        raise LofiError(f"{info_path}: {len(missing)} of its shards are missing: {missing[0]}")
    return ShardSet(info_path, info, files)


def _read_info(path: Path) -> dict[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        version = info["schema_version"]
        wanted = {"config", "example_spec", "num_shards", "splits"} - set(info)
    except OSError as error:
        raise LofiError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LofiError(f"{path} does not describe example shards") from error
    if version != SCHEMA_VERSION or wanted:
        lack = f"; it lacks {', '.join(sorted(wanted))}" if wanted else ""
        raise LofiError(
            f"{path}: allowed schema_version: {SCHEMA_VERSION}. Received: {version}{lack}"
        )
    return info


def _read_shards(files: Sequence[Path], spec: Spec) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the arrays of all examples in some shards, and the sources of each."""
    values: dict[str, list[bytes]] = {name: [] for name in spec}
    sources: list[str] = []
    for row, source in shard_rows(files, list(spec)):
        for column, value in zip(values.values(), row, strict=True):
            column.append(value)
        sources.append(source)
    return {name: _array(column, spec[name]) for name, column in values.items()}, sources


def _check_count(shards: ShardSet, split: str, count: int) -> None:
    """Checks that a split that is read whole has all its examples."""
    expected = shards.info["splits"].get(split, {}).get("examples")
    if len(shards.files[split]) >= shards.info["num_shards"] and count != expected:
        raise LofiError(
            f"the {split} shards are not those of {shards.info_path}. "
            f"Expected: {expected} examples. Received: {count}"
        )


def _array(values: list[bytes], entry: Mapping[str, Any]) -> np.ndarray:
    """Returns the arrays of all examples [N, ...], shorter ones padded with zeros at the end."""
    dtype, shape = np.dtype(entry["dtype"]), entry["shape"]
    if None not in shape:
        return np.frombuffer(b"".join(values), dtype).reshape(len(values), *shape).copy()
    rows = [np.frombuffer(value, dtype).reshape(-1, *shape[1:]) for value in values]
    steps = max(map(len, rows), default=0)
    padded = np.zeros((len(rows), steps, *shape[1:]), dtype)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded


def _options(component: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a converter's options, those left out too, as JSON holds them."""
    return json.loads(json.dumps(build_converter(component).component))

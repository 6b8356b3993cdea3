"""Example shards as arrays on disk, for more examples than memory holds.

The shards are decoded once, into a hidden folder beside them: of each array a file of its rows, one
after the other. A later run finds the folder again. The files are mapped into memory, so that the
rows of a batch are read when it needs them, in whatever order.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil

from lofi_tf.data.storage.example_records import Spec, decode_example
from lofi_tf.data.storage.tfrecord import read_records
from lofi_tf.errors import LofiError

SHARE_OF_MEMORY = 0.25  # of what is free, that shards may take to be held in memory
LAYOUT, SOURCES = "layout.json", "sources.jsonl"


def fit_in_memory(files: Sequence[Path]) -> bool:
    """Says whether the examples of some shards should be held in memory."""
    size_bytes = sum(file.stat().st_size for file in files)
    return size_bytes <= SHARE_OF_MEMORY * psutil.virtual_memory().available


def shard_rows(files: Sequence[Path], names: Sequence[str]) -> Iterator[tuple[list[bytes], str]]:
    """Yields of each example the bytes of its arrays, and its sources, joined by commas.

    Raises:
        LofiError: a damaged file, or records that are no such examples.
    """
    for file in files:
        for record in read_records(file):
            try:
                yield decode_example(record, names)
            except ValueError as error:
                raise LofiError(f"{file} holds records that are not its info.json's") from error


def mapped_arrays(
    files: Sequence[Path], spec: Spec, info_path: Path
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the arrays of all examples in some shards, mapped, and the sources of each.

    Arrays shorter than their spec are padded with zeros at the end.

    Raises:
        LofiError: damaged shards, or no room beside them.
    """
    folder = info_path.parent / _folder_name(files, spec, info_path)
    try:
        if not folder.is_dir():
            _lay_out(files, spec, folder)
        layout = json.loads((folder / LAYOUT).read_text())
        arrays = {name: _mapped(folder / name, *layout[name]) for name in spec}
        with open(folder / SOURCES, encoding="utf-8") as lines:
            known: dict[str, str] = {}  # so that examples of one source share its name
            sources = [known.setdefault(line, line) for line in map(json.loads, lines)]
    except OSError as error:
        raise LofiError(
            "examples that memory does not hold are laid out beside their shards, in "
            f"{folder.parent}: {error.strerror}"
        ) from error
    return arrays, sources


def _folder_name(files: Sequence[Path], spec: Spec, info_path: Path) -> str:
    """Returns a name that no other shards and no other state of these have."""
    digest = hashlib.sha1(info_path.read_bytes() + json.dumps(spec).encode())
    for file in files:
        stat = file.stat()
        digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return f".{files[0].name}.{digest.hexdigest()[:12]}.arrays"


def _lay_out(files: Sequence[Path], spec: Spec, folder: Path) -> None:
    """Decodes shards into a folder, which appears only when whole."""
    beside = Path(tempfile.mkdtemp(prefix=folder.name, suffix=".part", dir=folder.parent))
    try:
        shapes = _shapes(files, spec)
        with ExitStack() as stack:
            parts = [stack.enter_context(open(beside / name, "wb")) for name in spec]
            sources = stack.enter_context(open(beside / SOURCES, "w", encoding="utf-8"))
            sizes = [_num_bytes(spec[name]["dtype"], shapes[name]) for name in spec]
            count = 0
            for row, source in shard_rows(files, list(spec)):
                for part, value, size in zip(parts, row, sizes, strict=True):
                    part.write(value.ljust(size, b"\0"))
                sources.write(json.dumps(source) + "\n")
                count += 1
        layout = {name: [spec[name]["dtype"], [count, *shapes[name]]] for name in spec}
        (beside / LAYOUT).write_text(json.dumps(layout))
        if not folder.is_dir():  # else another command has just done the same
            os.rename(beside, folder)
        for stale in set(folder.parent.glob(f".{files[0].name}.*.arrays")) - {folder}:
            shutil.rmtree(stale, ignore_errors=True)  # who has it open keeps it
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _shapes(files: Sequence[Path], spec: Spec) -> dict[str, list[int]]:
    """Returns the shape of each array, steps of any number as many as the longest has."""
    shapes = {name: list(entry["shape"]) for name, entry in spec.items()}
    loose = [name for name, shape in shapes.items() if None in shape]
    if not loose:
        return shapes
    longest = [0] * len(loose)
    for row, _ in shard_rows(files, loose):
        longest = [max(pair) for pair in zip(longest, map(len, row), strict=True)]
    for name, size in zip(loose, longest, strict=True):
        shapes[name][0] = size // _num_bytes(spec[name]["dtype"], shapes[name][1:])
    return shapes


def _num_bytes(dtype: str, shape: Sequence[int]) -> int:
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _mapped(path: Path, dtype: str, shape: Sequence[int]) -> np.ndarray:
    if not all(shape):  # nothing to map
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", shape=tuple(shape))

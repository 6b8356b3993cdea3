"""What a worker makes of a group: a piece of examples on disk, and an account of the rest.

A piece holds the distinct examples of a group, encoded, in the order in which they were found. Its
index says where, in one bucket for each output shard, by the sha1 of the arrays. So no more than an
example is in memory at a time, and only places in files travel between workers.
"""

import hashlib
import json
import os
import pickle
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from lofi_tf.data.storage.example_records import Layout, encode_arrays, layout_of, spec_of_layouts
from lofi_tf.files import atomic_write

PROGRESS = "progress"
INDEX_ENDING = ".index"
MAX_OPEN_PIECES = 64


class Slice(NamedTuple):
    """Where the index of a piece names the examples of one shard."""

    piece: str
    offset: int


class Held(NamedTuple):
    """Where a piece holds an example, and the example's sources."""

    offset: int
    size: int
    sources: set[str]


class GroupWork:
    """Writes the piece of a group, and keeps account of what gave no example.

    Attributes:
        counts: by name, what there was; ready to be added to.
        errors: input that cannot be read at all.
        refusals: (source, rule, message) of each whole source that was refused.
    """

    def __init__(self, parts_dir: str | Path, number: int):
        self._parts_dir, self._number = Path(parts_dir), number
        self._stack = ExitStack()
        self._held: dict[bytes, Held] = {}
        self._layouts: set[Layout] = set()
        self._left_out: dict[str, Counter[str]] = {}
        self._firsts: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.refusals: list[tuple[str, str, str]] = []

    def __enter__(self) -> "GroupWork":
        self._file = self._stack.enter_context(atomic_write(self._parts_dir / self._piece))
        return self

    def __exit__(self, *error) -> None:
        self._stack.__exit__(*error)

    @property
    def sources(self) -> set[str]:
        """The sources that gave examples."""
        return set().union(*(held.sources for held in self._held.values()))

    def add_all(self, examples: Iterable[Mapping[str, np.ndarray]], source: str) -> None:
        """Takes in the examples of a source: all, or none if their making fails."""
        begin, fresh, layouts, count = self._file.tell(), {}, set(), 0
        try:
            for example in examples:
                count += 1
                layouts.add(layout_of(example))
                encoded = encode_arrays(example)
                digest = hashlib.sha1(encoded).digest()
                if digest not in fresh:
                    fresh[digest] = self._write(digest, encoded)
        except Exception:
            self._file.seek(begin)
            self._file.truncate()
            raise
        for digest, held in fresh.items():
            self._held.setdefault(digest, held).sources.add(source)
        self._layouts |= layouts
        self.counts["examples"] += count

    def leave_out(self, stage: str, rule: str, source: str, message: str, count: int = 1) -> None:
        """Counts what a rule leaves out; of each rule the first is kept with its reason."""
        if not count:
            return
        self._left_out.setdefault(stage, Counter())[rule] += count
        self._firsts.setdefault(f"{stage}.{rule}", f"{message} ({source or 'no name'})")

    def progress(self, count: int) -> None:
        """Tells the progress bar of so many items that are done."""
        with open(self._parts_dir / PROGRESS, "ab") as file:
            file.write(b"." * count)

    def finish(self, num_shards: int) -> list[tuple[int, Slice]]:
        """Writes index and report; returns (shard, slice) of each shard that has examples here."""
        buckets: dict[int, list] = {}
        for digest, held in self._held.items():
            shard = int.from_bytes(digest, "big") % num_shards
            buckets.setdefault(shard, []).append((digest, *held))
        slices = []
        with atomic_write(self._parts_dir / f"{self._piece}{INDEX_ENDING}") as file:
            for shard, bucket in sorted(buckets.items()):
                slices.append((shard, Slice(self._piece, file.tell())))
                pickle.dump(bucket, file, pickle.HIGHEST_PROTOCOL)
        write_report(self._parts_dir / f"group-{self._number:07d}.json", self._report())
        return slices

    @property
    def _piece(self) -> str:
        return f"piece-{self._number:07d}"

    def _write(self, digest: bytes, encoded: bytes) -> Held:
        """Writes an example that the piece does not hold yet."""
        if digest in self._held:
            return self._held[digest]
        offset = self._file.tell()
        self._file.write(encoded)
        return Held(offset, len(encoded), set())

    def _report(self) -> dict[str, Any]:
        return {
            "counts": self.counts,
            "left_out": self._left_out,
            "firsts": self._firsts,
            "errors": self.errors,
            "refusals": self.refusals,
            "spec": spec_of_layouts(sorted(self._layouts)),
        }


def read_bucket(parts_dir: Path, place: Slice) -> list[tuple[bytes, int, int, set[str]]]:
    """Returns (sha1, offset, size, sources) of the examples that a slice stands for."""
    with open(parts_dir / f"{place.piece}{INDEX_ENDING}", "rb") as file:
        file.seek(place.offset)
        return pickle.load(file)


class Pieces:
    """Reads examples from the pieces of a folder, a few of them open at a time."""

    def __init__(self, parts_dir: Path):
        self._parts_dir = parts_dir
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> "Pieces":
        return self

    def __exit__(self, *error) -> None:
        for file in self._files.values():
            file.close()

    def read(self, piece: str, offset: int, size: int) -> bytes:
        """Returns the encoded arrays of an example."""
        file = self._files.get(piece)
        if file is None:
            if len(self._files) == MAX_OPEN_PIECES:
                self._files.pop(next(iter(self._files))).close()
            file = self._files[piece] = open(self._parts_dir / piece, "rb", buffering=0)
        return os.pread(file.fileno(), size, offset)


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Writes a report whole, for a worker may be started twice."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(report), encoding="utf-8")
    os.replace(beside, path)

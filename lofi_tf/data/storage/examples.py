"""Examples in memory: converted once, in parallel, with what was refused and why."""

import csv
import dataclasses
import hashlib
import os
import signal
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, NotConvertible

Progress = Callable[[int], None]  # called with the number of records done since the last call

RECORDS_A_TASK = 64  # records that one worker converts at a time
ROWS_A_HASH = 4096
PARALLEL_FROM = 512  # fewer records than this are not worth starting workers for


class Refusal(NamedTuple):
    """A source that a rule of the converter refused."""

    rule: str
    source: str
    message: str


@dataclasses.dataclass(frozen=True)
class Examples:
    """Converted examples.

    Attributes:
        arrays: by the names of the converter's `example_spec`, N examples first; shorter ones are
            padded with zeros at the end.
        sources: the source (song, performance, recording) of each example, [N].
        refusals: sources that gave no example, and why.
        num_sources: sources read.
        num_unmarked: sources of a groove converter that mark no note as a drum and gave examples
            all the same: all their notes were taken for drums, as Magenta takes them.
    """

    arrays: Mapping[str, np.ndarray]
    sources: np.ndarray
    refusals: Sequence[Refusal] = ()
    num_sources: int = 0
    num_unmarked: int = 0

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def refused(self) -> dict[str, int]:
        """How many sources each rule refused."""
        return dict(sorted(Counter(refusal.rule for refusal in self.refusals).items()))

    def where(self, chosen: np.ndarray) -> "Examples":
        """Returns the examples of a boolean mask [N]."""
        arrays = {name: array[chosen] for name, array in self.arrays.items()}
        sources = self.sources[chosen]
        return Examples(arrays, sources, num_sources=len(set(sources.tolist())))

    @property
    def on_disk(self) -> bool:
        """Whether the arrays are mapped files, larger than memory perhaps."""
        return any(isinstance(array, np.memmap) for array in self.arrays.values())

    def sha1(self) -> str:
        """Returns the hash of the arrays and their sources."""
        digest = hashlib.sha1("\n".join(self.sources.tolist()).encode())
        for name in sorted(self.arrays):
            digest.update(name.encode() + str(self.arrays[name].shape).encode())
            for first in range(0, len(self), ROWS_A_HASH):
                rows = self.arrays[name][first : first + ROWS_A_HASH]
                digest.update(np.ascontiguousarray(rows).tobytes())
        return digest.hexdigest()


def examples_of_records(
    records: Iterable[bytes],
    converter: Mapping[str, Any],
    num_workers: int | None = None,
    progress: Progress | None = None,
) -> Examples:
    """Returns the examples of serialized NoteSequences.

    Args:
        records: serialized NoteSequences, in the order that the examples keep.
        converter: a config's converter, `{kind: ..., **kwargs}`.
        num_workers: processes; as many as the machine has cores if not given.
        progress: told of records done.

    Raises:
        LofiError: a bad converter.
    """
    built = build_converter(converter)  # so that a bad option shows before workers start
    records = iter(records)
    head = list(islice(records, PARALLEL_FROM))
    tasks = _tasks(head, records)
    num_workers = num_workers or os.cpu_count() or 1
    if len(head) < PARALLEL_FROM or type(built).__module__ == "__main__":
        num_workers = 1  # a kind that a script defines is not there in workers
    parts = []
    for part in _map(built, tasks, num_workers):
        parts.append(part)
        if progress:
            progress(part.num_sources)
    return _joined(parts)


def split_by_source(examples: Examples, share: float) -> tuple[Examples, Examples]:
    """Returns training and validation examples, the latter of a `share` in [0, 1) of the sources.

    A source goes to validation by the sha1 of its name, so that it stays there when others come.
    """
    names = sorted(set(examples.sources.tolist()))
    place = {name: int(hashlib.sha1(name.encode()).hexdigest(), 16) / 2**160 for name in names}
    held_out = {name for name in names if place[name] < share}
    if share > 0 and not held_out and len(names) > 1:
        held_out = {min(names, key=place.get)}
    mask = np.array([name in held_out for name in examples.sources.tolist()], bool)
    return examples.where(~mask), examples.where(mask)


def split_by_file(examples: Examples, path: str | Path) -> dict[str, Examples]:
    """Returns the examples by the split that a CSV file gives each source.

    Args:
        examples: what to split; sources are paths as in the file, or end in them.
        path: CSV with a column `split` (`train`, `validation`, `test`) and a column `path`,
            `filename` or `midi_filename`.

    Raises:
        LofiError: missing columns, or no example of a source that the file names.
    """
    split_of = read_split_file(path)
    splits = np.array([split_of.get(source, "") for source in examples.sources.tolist()], object)
    if len(examples) and not any(splits):
        raise LofiError(
            f"{path} names none of the records' sources. Expected paths such as "
            f"{examples.sources[0]!r}. Received: {next(iter(split_of), 'no rows')!r}"
        )
    return {name: examples.where(splits == name) for name in sorted(set(splits) - {""})}


def read_split_file(path: str | Path, column: str = "split") -> dict[str, str]:
    """Returns the split, or another column, of each source in a CSV file; see `split_by_file`."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise LofiError(f"cannot read split file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LofiError(f"split file {path} is not UTF-8 text") from error
    columns = list(rows[0]) if rows else []
    named = [name for name in ("path", "filename", "midi_filename") if name in columns]
    if column not in columns or not named:
        raise LofiError(
            f"split file {path} must have a column {column} and a column path, filename or "
            f"midi_filename. Received: {', '.join(columns) or 'no rows'}"
        )
    return {row[named[0]]: (row[column] or "").strip() for row in rows}


def _tasks(head: list[bytes], rest: Iterator[bytes]) -> Iterator[list[bytes]]:
    for first in range(0, len(head), RECORDS_A_TASK):
        yield head[first : first + RECORDS_A_TASK]
    while task := list(islice(rest, RECORDS_A_TASK)):
        yield task


class _Worker(SpawnProcess):
    """A process that does not run the caller's script again, which so needs no guard."""

    def start(self) -> None:
        """Starts it while there is nothing that it could take for the script."""
        script, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = script


class _Workers(SpawnContext):
    """What makes workers for a pool."""

    Process = _Worker


def _map(converter, tasks, num_workers) -> Iterator[Examples]:
    """Yields the converted tasks in order, a few at a time in flight."""
    if num_workers == 1:
        yield from (_convert(converter, task) for task in tasks)
        return
    # Ctrl-C reaches workers too: they leave it to this process, which ends them.
    ignore: dict[str, Any] = {
        "initializer": signal.signal,
        "initargs": (signal.SIGINT, signal.SIG_IGN),
    }
    pool = ProcessPoolExecutor(num_workers, mp_context=_Workers(), **ignore)
    try:
        waiting = []
        for task in tasks:
            waiting.append(pool.submit(_convert, converter, task))
            if len(waiting) > 4 * num_workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _convert(converter: Any, records: list[bytes]) -> Examples:
    """Converts one task; runs in a worker."""
    from google.protobuf.message import DecodeError

    from lofi_tf.music.sequence_proto import NoteSequence

    examples, sources, refusals, num_unmarked = [], [], [], 0
    for record in records:
        try:
            sequence = NoteSequence.FromString(record)
        except DecodeError:
            message = "not_a_note_sequence: a record is no NoteSequence"
            refusals.append(Refusal("not_a_note_sequence", "", message))
            continue
        source = sequence.filename or sequence.id
        try:
            made = list(converter.to_examples(sequence))
        except NotConvertible as error:
            refusals.append(Refusal(error.rule, source, str(error)))
            continue
        examples += made
        sources += [source] * len(made)
        num_unmarked += bool(made) and converter.takes_for_drums(sequence)
    names = examples[0] if examples else ()
    arrays = {name: _padded([example[name] for example in examples]) for name in names}
    return Examples(arrays, np.array(sources, object), refusals, len(records), num_unmarked)


def _padded(arrays: list[np.ndarray]) -> np.ndarray:
    if len({array.shape for array in arrays}) == 1:
        return np.array(arrays)
    steps = max(len(array) for array in arrays)
    return np.stack(
        [np.pad(array, [(0, steps - len(array))] + [(0, 0)] * (array.ndim - 1)) for array in arrays]
    )


def _joined(parts: list[Examples]) -> Examples:
    if not parts:
        return Examples({}, np.array([], object))
    filled = [part for part in parts if len(part)] or parts[:1]
    arrays = {}
    for name in filled[0].arrays:
        arrays[name] = _concatenated([part.arrays[name] for part in filled])
    return Examples(
        arrays,
        np.concatenate([part.sources for part in parts]),
        [refusal for part in parts for refusal in part.refusals],
        sum(part.num_sources for part in parts),
        sum(part.num_unmarked for part in parts),
    )


def _concatenated(arrays: list[np.ndarray]) -> np.ndarray:
    """Returns the arrays one after the other, their steps padded to the longest."""
    steps = max((array.shape[1] for array in arrays if array.ndim > 1), default=0)
    padded = [
        np.pad(a, [(0, 0), (0, steps - a.shape[1])] + [(0, 0)] * (a.ndim - 2)) if a.ndim > 1 else a
        for a in arrays
    ]
    return np.concatenate(padded)

"""Temporary shards: what workers write on the way, read again when the output is put together.

A worker writes to a file of its own, one for each bundle of elements. Between Beam's steps only the
places in these files travel, so that memory does not grow with the music.
"""

import functools
import os
import uuid
from collections.abc import Callable
from typing import NamedTuple

import apache_beam as beam

MAX_OPEN_FILES = 64


class Span(NamedTuple):
    """Where a byte string lies in the temporary shards of a folder."""

    file: str
    offset: int
    size: int


class TempShardWriter(beam.DoFn):
    """A step that writes to the temporary shard of its bundle, in a folder all workers reach."""

    def __init__(self, temp_dir: str):
        self._temp_dir = temp_dir

    def start_bundle(self) -> None:
        """Opens a file of a name that no other bundle has, nor this one if it is tried again."""
        self._name = f"temp-{uuid.uuid4().hex[:12]}"
        self._file = open(os.path.join(self._temp_dir, self._name), "wb")

    def finish_bundle(self) -> None:
        """Closes the file, so that later steps find all of it."""
        self._file.close()

    def write(self, data: bytes) -> Span:
        """Returns where the data are from now on."""
        offset = self._file.tell()
        self._file.write(data)
        return Span(self._name, offset, len(data))


def span_reader(temp_dir: str) -> Callable[[Span], bytes]:
    """Returns what reads spans; it holds a few files open at a time."""

    @functools.lru_cache(MAX_OPEN_FILES)
    def opened(name: str):
        return open(os.path.join(temp_dir, name), "rb", buffering=0)

    return lambda span: os.pread(opened(span.file).fileno(), span.size, span.offset)

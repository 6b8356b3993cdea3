"""TFRecord files without TensorFlow: each record is length, crc, bytes, crc."""

import glob
import itertools
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write

_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEAD_SIZE = _LENGTH.size + _CRC.size


def masked_crc(data: bytes) -> int:
    """Returns the CRC-32C of `data`, rotated and shifted as the TFRecord format asks."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def write_record(file: BinaryIO, record: bytes) -> None:
    """Appends one record to an open file."""
    length = _LENGTH.pack(len(record))
    file.write(length + _CRC.pack(masked_crc(length)) + record + _CRC.pack(masked_crc(record)))


def read_records(
    path: str | Path, offset: int = 0, num_records: int | None = None
) -> Iterator[bytes]:
    """Yields the records of one uncompressed TFRecord file: so many (or all) from `offset` on.

    Raises:
        LofiError: the file is cut short or is no TFRecord file.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        for _ in itertools.count() if num_records is None else range(num_records):
            if not (head := file.read(_HEAD_SIZE)):
                return
            yield _read_body(file, head, path)


def record_offsets(path: str | Path) -> Iterator[int]:
    """Yields where each record of a TFRecord file begins; only their heads are read.

    Raises what `read_records` does.
    """
    size, offset = os.path.getsize(path), 0
    with open(path, "rb") as file:
        while offset < size:
            yield offset
            file.seek(offset)
            offset += _HEAD_SIZE + _length_of(file.read(_HEAD_SIZE), path) + _CRC.size
    if offset > size:
        raise LofiError(f"{path} is cut short inside a record")


def write_records(records: Iterable[bytes], path: str | Path) -> int:
    """Writes records to a TFRecord file, which appears only when whole; returns how many."""
    count = 0
    with atomic_write(path) as file:
        for record in records:
            write_record(file, record)
            count += 1
    return count


def shard_paths(path: str | Path) -> list[Path]:
    """Returns the files to write for a name: `x.tfrecord@2` means two shards.

    Raises:
        LofiError: the number of shards is not a positive whole number.
    """
    stem, at, count = str(path).rpartition("@")
    if not at or not count.isdecimal():
        return [Path(path)]
    if not 0 < int(count) <= 99999:
        raise LofiError(f"shards must be 1 to 99999, as in x.tfrecord@8. Received: {str(path)!r}")
    total = int(count)
    return [Path(f"{stem}-{index:05d}-of-{total:05d}") for index in range(total)]


def record_paths(pattern: str | Path) -> list[Path]:
    """Returns the existing files of a path, a glob, `x.tfrecord@8`, or a comma list of these.

    Raises:
        LofiError: a part of the list names no file.
    """
    if os.path.isfile(pattern):  # a list may be longer than a name, which Path does not take
        return [Path(pattern)]
    return [path for part in str(pattern).split(",") for path in _existing(part.strip())]


def _existing(part: str) -> list[Path]:
    if Path(part).is_file():
        return [Path(part)]
    shards = shard_paths(part)
    if shards == [Path(part)]:
        matches = [Path(name) for name in sorted(glob.glob(_pattern(part), recursive=True))]
        files = [path for path in matches if not path.is_dir()]
        if not files:
            what = "a folder is no file of records" if matches else "no such file"
            raise LofiError(f"{what}. Received: {part!r}")
        return files
    missing = [str(shard) for shard in shards if not shard.is_file()]
    if missing:
        raise LofiError(f"{part}: {len(missing)} of {len(shards)} shards missing: {missing[0]}")
    return shards


def _pattern(part: str) -> str:
    """Returns a glob in which folders that there are stand for themselves, whatever their names."""
    there = next((str(p) for p in Path(part).parents if p.is_dir() and p != Path(".")), "")
    return glob.escape(there) + part[len(there) :] if part.startswith(there) else part


def _length_of(head: bytes, path: str | Path) -> int:
    if len(head) < _HEAD_SIZE:
        raise LofiError(f"{path} is cut short inside a record")
    if _CRC.unpack_from(head, _LENGTH.size)[0] != masked_crc(head[: _LENGTH.size]):
        raise LofiError(f"{path} is not a TFRecord file, or it is compressed or damaged")
    return _LENGTH.unpack_from(head)[0]


def _read_body(file: BinaryIO, head: bytes, path: str | Path) -> bytes:
    length = _length_of(head, path)
    body = file.read(length + _CRC.size)
    if len(body) < length + _CRC.size:
        raise LofiError(f"{path} is cut short inside a record")
    if _CRC.unpack_from(body, length)[0] != masked_crc(body[:length]):
        raise LofiError(f"{path} is damaged: a record does not match its checksum")
    return body[:length]

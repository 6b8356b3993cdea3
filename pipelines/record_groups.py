"""TFRecord files as groups of records that workers read for themselves."""

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lofi_tf.data.storage.tfrecord import masked_crc
from lofi_tf.errors import LofiError

RECORDS_A_GROUP = 64
_HEAD = struct.Struct("<QI")  # a record's length and the checksum of it
_FOOT = struct.Struct("<I")


class Group(NamedTuple):
    """Records that one worker takes.

    Attributes:
        number: the group's place among all.
        path: their file.
        offset, size: where they lie in it, in bytes.
        num_records: how many they are.
    """

    number: int
    path: str
    offset: int
    size: int
    num_records: int


def find_groups(paths: list[Path]) -> list[Group]:
    """Returns the records of some files in groups, in order; only their heads are read.

    Raises:
        LofiError: a file that cannot be read, is cut short or is no TFRecord file.
    """
    groups: list[Group] = []
    for path in paths:
        try:
            offsets = list(_offsets(path))
        except OSError as error:
            raise LofiError(f"cannot read {path}: {error.strerror}") from error
        for first in range(0, len(offsets) - 1, RECORDS_A_GROUP):
            bounds = offsets[first : first + RECORDS_A_GROUP + 1]
            size, num_records = bounds[-1] - bounds[0], len(bounds) - 1
            groups.append(Group(len(groups), str(path), bounds[0], size, num_records))
    return groups


def read_group(group: Group) -> Iterator[bytes]:
    """Yields the records of a group.

    Raises:
        LofiError: a record does not match its checksum.
    """
    with open(group.path, "rb") as file:
        file.seek(group.offset)
        data = io.BytesIO(file.read(group.size))
    while head := data.read(_HEAD.size):
        record = data.read(_HEAD.unpack(head)[0])
        if data.read(_FOOT.size) != _FOOT.pack(masked_crc(record)):
            raise LofiError(f"{group.path} is damaged: a record does not match its checksum")
        yield record


def _offsets(path: Path) -> Iterator[int]:
    """Yields where each record begins, and where the last one ends."""
    size, offset = os.path.getsize(path), 0
    with open(path, "rb") as file:
        yield offset
        while offset < size:
            file.seek(offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise LofiError(f"{path} is cut short inside a record")
            length, crc = _HEAD.unpack(head)
            if crc != masked_crc(head[: -_FOOT.size]):
                raise LofiError(f"{path} is not a TFRecord file, or it is compressed or damaged")
            offset += _HEAD.size + length + _FOOT.size
            if offset > size:
                raise LofiError(f"{path} is cut short inside a record")
            yield offset

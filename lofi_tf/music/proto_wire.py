"""Columns of numbers to serialized protobuf messages and back, a whole table at once.

Filling or reading a NoteSequence note by note costs a microsecond a field. Here numpy lays out all
notes as rows of equal length and protobuf's own parser reads them in one go; and it reads the rows
that protobuf wrote, which have their fields in the order of their numbers.
"""

import functools
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from lofi_tf.music.sequence_proto import NoteSequence

_LENGTH_DELIMITED, _FIXED64, _VARINT = 2, 1, 0
_VARINTS = (3, 4, 5, 8, 13, 14)  # types of members: int64, uint64, int32, bool, uint32, enum
_LONGEST_RUN = 4096  # rows that are looked at, at once
_FEW_RUNS = 5  # so many are read one by one, more all together
_LOOKED_AT = 16  # bytes after the last row that are looked at, at most


def encode_rows(field: str, columns: Mapping[str, np.ndarray]) -> bytes:
    """Serializes one repeated field of NoteSequence, such as `"notes"`, of columns [N] by member.

    Returns:
        Bytes that `NoteSequence.FromString` reads; pieces for several fields may be joined.
    """
    descriptor = NoteSequence.DESCRIPTOR.fields_by_name[field]
    members = descriptor.message_type.fields_by_name
    parts = []
    for name, values in columns.items():
        is_double = members[name].type == members[name].TYPE_DOUBLE
        packed = _doubles(values) if is_double else _varints(values)
        parts.append((members[name].number << 3 | (_FIXED64 if is_double else _VARINT), packed))
    size = sum(1 + packed.shape[1] for _, packed in parts)
    rows = np.empty((len(packed), 2 + size), np.uint8)
    rows[:, 0] = descriptor.number << 3 | _LENGTH_DELIMITED
    rows[:, 1] = size
    position = 2
    for tag, packed in parts:
        end = position + 1 + packed.shape[1]
        rows[:, position] = tag
        rows[:, position + 1 : end] = packed
        position = end
    return rows.tobytes()


def decode_rows(
    sequence: NoteSequence, field: str, names: Collection[str]
) -> dict[str, np.ndarray]:
    """Returns columns of one repeated field, such as `"notes"`, by name: float64 or int64 [N].

    The members that are wanted are numbers, their own numbers below 16.
    """
    tag, members = _members_of(field)
    data = sequence.SerializeToString()
    runs, end = _runs_of(data, tag)
    # After a row comes the tag of the next or, after the last, no tag: never that of a member.
    data = data[:end] + bytes(_LOOKED_AT)
    wanted = {member.name: member for member in members.values() if member.name in names}
    count = sum(run.count for run in runs)
    found = {name: np.zeros(count, wanted[name].dtype) for name in names}
    if len(runs) > _FEW_RUNS or not _read_alike(data, runs, members, found):
        _read_any(data, runs, members, found)
    return found


class _Member(NamedTuple):
    """A member that is a number: its name, its tag, and its type, a double's or a varint's."""

    name: str
    tag: int
    dtype: type


class _Run(NamedTuple):
    """Rows of one size that follow each other: where the first begins, how many, bytes of each."""

    begin: int
    count: int
    size: int


@functools.cache
def _members_of(field: str) -> tuple[int, dict[int, _Member]]:
    """Returns a field's tag, and by their tags its members that are numbers, in their order."""
    descriptor = NoteSequence.DESCRIPTOR.fields_by_name[field]
    found = {}
    for member in sorted(descriptor.message_type.fields, key=lambda member: member.number):
        is_double = member.type == member.TYPE_DOUBLE
        if (is_double or member.type in _VARINTS) and member.number < 16:
            tag = member.number << 3 | (_FIXED64 if is_double else _VARINT)
            found[tag] = _Member(member.name, tag, np.float64 if is_double else np.int64)
    return descriptor.number << 3 | _LENGTH_DELIMITED, found


class _Layout(NamedTuple):
    """How a row is laid out whose varints are a byte each.

    Attributes:
        places: from its begin, of the tag and the value of each member, [2 * members].
        masks: of the bits there that all rows of the layout share, [2 * members].
        members: each with the place of its value.
    """

    places: np.ndarray
    masks: np.ndarray
    members: list[tuple[int, _Member]]


def _layout_of(row: bytes, members: Mapping[int, _Member]) -> _Layout | None:
    """Returns the layout of a row; None where a member is no number, or a varint is longer."""
    at, places, masks, found = 0, [], [], []
    while at < len(row):
        member = members.get(row[at])
        if member is None or (member.dtype is np.int64 and row[at + 1] > 127):
            return None
        is_double = member.dtype is np.float64
        places += (at, at + 1)
        masks += (255, 0 if is_double else 128)  # of a varint, the bit that says that it goes on
        found.append((at + 1, member))
        at += 9 if is_double else 2
    return _Layout(np.array(places, np.int64), np.array(masks, np.uint8), found)


def _read_alike(
    data: bytes, runs: list[_Run], members: Mapping[int, _Member], found: dict[str, np.ndarray]
) -> bool:
    """Reads rows run by run; says whether all rows of each are of one layout, else stops."""
    first = 0
    for begin, count, size in runs:
        layout = _layout_of(data[begin : begin + size], members)
        if layout is None:
            return False
        stride = size + 2
        cells = np.ndarray((count, size), np.uint8, data, begin, (stride, 1))[:, layout.places]
        if ((cells ^ cells[0]) & layout.masks).any():
            return False
        for index, (at, member) in enumerate(layout.members):
            if member.name in found:
                values = cells[:, 2 * index + 1]
                if member.dtype is np.float64:
                    values = np.ndarray((count,), "<f8", data, begin + at, (stride,))
                found[member.name][first : first + count] = values
        first += count
    return True


def _read_any(
    data: bytes, runs: list[_Run], members: Mapping[int, _Member], found: dict[str, np.ndarray]
) -> None:
    """Reads all rows at once, from left to right."""
    begins = [np.arange(run.count) * (run.size + 2) + run.begin for run in runs]
    rows = _Rows(data, np.concatenate(begins))
    last = max(member.tag for member in members.values() if member.name in found)
    for member in members.values():
        if member.tag > last:
            break
        values = rows.take(member)
        if member.name in found:
            found[member.name] = values


class _Rows:
    """Rows of a message, all read from left to right at once."""

    def __init__(self, data: bytes, begins: np.ndarray):
        self._bytes = np.frombuffer(data, np.uint8)
        # The eight bytes from each place on, as one number.
        self._eights = np.ndarray((len(data) - 7,), "<f8", data, strides=(1,))
        self._at = begins  # where each row is read next, [N]

    def take(self, member: _Member) -> np.ndarray:
        """Returns the next field of all rows, `[N]`; 0 in rows without it."""
        here = self._bytes[self._at] == member.tag
        read = self._doubles if member.dtype is np.float64 else self._varints
        if here.all():
            values, self._at = read(self._at + 1)
            return values
        found = np.zeros(len(here), member.dtype)
        if here.any():
            found[here], self._at[here] = read(self._at[here] + 1)
        return found

    def _doubles(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._eights[at], at + 8

    def _varints(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        byte = self._bytes[at]
        values, at, shift = (byte & 127).astype(np.int64), at + 1, 7
        more = np.flatnonzero(byte > 127)
        while len(more):
            byte = self._bytes[at[more]]
            values[more] |= (byte & 127).astype(np.int64) << shift
            at[more] += 1
            more, shift = more[byte > 127], shift + 7
        return values, at


def _runs_of(data: bytes, wanted: int) -> tuple[list[_Run], int]:
    """Returns the rows with a tag in a message's bytes, as runs, and where the last ends."""
    at, runs = _first_with(data, wanted), []
    while at < len(data) and data[at] == wanted:
        size = data[at + 1]
        if size > 127:
            size, at = _varint(data, at + 1)
            runs.append(_Run(at, 1, size))
            at += size
            continue
        count, stride = 1, size + 2
        after = at + stride
        if data[after : after + 2] == data[at : at + 2]:
            count = _alike(data, at, stride)
        runs.append(_Run(at + 2, count, size))
        at += count * stride
    return runs, at


def _alike(data: bytes, at: int, stride: int) -> int:
    """Returns how many rows from a place on have the tag and the size of the first, at least."""
    most = min((len(data) - at) // stride, _LONGEST_RUN)
    heads = np.ndarray((most,), "<u2", data, at, (stride,))  # tag and size as one number
    return int((heads != heads[0]).argmax()) or most


def _first_with(data: bytes, wanted: int) -> int:
    """Returns the place of the first field that has the tag, or would stand after it."""
    at, end = 0, len(data)
    while at < end and (tag := data[at]) < wanted:
        kind = tag & 7
        if kind == _FIXED64:
            at += 9
            continue
        size, at = (data[at + 1], at + 2) if data[at + 1] < 128 else _varint(data, at + 1)
        if kind != _VARINT:
            at += size
    return at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns a number and the place after it."""
    value = shift = 0
    while data[at] > 127:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def _doubles(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, "<f8").view(np.uint8).reshape(-1, 8)


def _varints(values: np.ndarray) -> np.ndarray:
    """Returns whole numbers as varints of one length, padded by empty continuation bytes."""
    bits = np.asarray(values, np.int64).view(np.uint64)
    largest = int(bits.max(initial=0))
    if largest < 128:
        return bits.astype(np.uint8)[:, None]
    shifts = 7 * np.arange(-(-largest.bit_length() // 7), dtype=np.uint64)
    groups = (bits[:, None] >> shifts & np.uint64(127)).astype(np.uint8)
    groups[:, :-1] |= 128
    return groups

"""Columns of numbers to serialized protobuf messages and back, a whole table at once.

Filling or reading a NoteSequence note by note costs a microsecond a field. Here numpy lays out all
notes as rows of equal length and protobuf's own parser reads them in one go; and it reads the rows
that protobuf wrote, which have their fields in the order of their numbers.
"""

from collections.abc import Collection, Mapping

import numpy as np

from lofi_tf.music.sequence_proto import NoteSequence

_LENGTH_DELIMITED, _FIXED64, _VARINT = 2, 1, 0
_ALIKE = 8  # rows of one size in a row, after which a run of them is looked for
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
    descriptor = NoteSequence.DESCRIPTOR.fields_by_name[field]
    data = sequence.SerializeToString()
    begins, end = _rows_of(data, descriptor.number << 3 | _LENGTH_DELIMITED)
    # After a row comes the tag of the next or, after the last, no tag: never that of a member.
    rows = _Rows(data[:end] + bytes(_LOOKED_AT), np.array(begins, np.int64))
    members = descriptor.message_type.fields_by_name
    last = max(members[name].number for name in names)
    found = {}
    for number in range(1, last + 1):  # fields are written in the order of their numbers
        member = descriptor.message_type.fields_by_number[number]
        values = rows.take(member)
        if member.name in names:
            found[member.name] = values
    return found


class _Rows:
    """Rows of a message, all read from left to right at once."""

    def __init__(self, data: bytes, begins: np.ndarray):
        self._bytes = np.frombuffer(data, np.uint8)
        # The eight bytes from each place on, as one number.
        self._eights = np.ndarray((len(data) - 7,), "<f8", data, strides=(1,))
        self._at = begins  # where each row is read next, [N]

    def take(self, member) -> np.ndarray:
        """Returns the next field of all rows, `[N]`; 0 in rows without it."""
        is_double = member.type == member.TYPE_DOUBLE
        tag = member.number << 3 | (_FIXED64 if is_double else _VARINT)
        here = self._bytes[self._at] == tag
        read = self._doubles if is_double else self._varints
        if here.all():
            values, self._at = read(self._at + 1)
            return values
        found = np.zeros(len(here), np.float64 if is_double else np.int64)
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


def _rows_of(data: bytes, wanted: int) -> tuple[list[int], int]:
    """Returns where the rows with a tag begin, and the last ends, in a message's bytes."""
    at, begins, alike, before = _first_with(data, wanted), [], 0, -1
    while at < len(data) and data[at] == wanted:
        size = data[at + 1]
        alike, before = alike + 1 if size == before else 0, size
        at += 2
        if size > 127:
            size, at = _varint(data, at - 1)
        elif alike == _ALIKE:
            rows = _alike_rows(data, at, size)
            begins += rows
            at, alike = rows[-1] + size, 0
            continue
        begins.append(at)
        at += size
    return begins, at


def _alike_rows(data: bytes, at: int, size: int) -> list[int]:
    """Returns where the row at a place, and those of its tag and size that follow it, begin."""
    count = (len(data) - at + 2) // (size + 2)  # the first without its tag
    heads = np.ndarray((count,), np.uint16, data, at - 2, (size + 2,))  # tag and size as one number
    count = int((heads != heads[0]).argmax()) or count
    return list(range(at, at + count * (size + 2), size + 2))


def _first_with(data: bytes, wanted: int) -> int:
    """Returns the place of the first field that has the tag, or would stand after it."""
    at = 0
    while at < len(data) and data[at] < wanted:
        kind = data[at] & 7
        size, after = (8, at + 1) if kind == _FIXED64 else _varint(data, at + 1)
        at = after + (0 if kind == _VARINT else size)
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

"""A song's events as the bytes of a file, and the chunks that a file was read from."""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lofi_tf.music.midi_events import META, Event

_HEADER, _CHUNK = struct.Struct(">4sLHHh"), struct.Struct(">4sL")
_TRACK = b"MTrk"
_SYSEX = (0xF0, 0xF7)  # system messages that say how long they are


class Chunk(NamedTuple):
    """A chunk of a file.

    Attributes:
        track: its number, from 0; None of a chunk of another kind.
        data: all of its bytes; None where they are to be written anew.
    """

    track: int | None
    data: bytes | None


def chunks_of(data: bytes, num_tracks: int) -> tuple[Chunk, ...] | None:
    """Returns the chunks of a whole file, or None where they are no plain row of so many tracks."""
    found: list[Chunk] = []
    position, count = 0, 0
    while position < len(data):
        if position + _CHUNK.size > len(data):
            return None
        name, size = _CHUNK.unpack_from(data, position)
        end = position + _CHUNK.size + size
        if end > len(data) or (not position and name != b"MThd"):
            return None
        is_track = name == _TRACK
        found.append(Chunk(count if is_track else None, data[position:end]))
        count += is_track
        position = end
    return tuple(found) if count == num_tracks else None


def song_bytes(
    kind: int,
    division: int,
    tracks: Sequence[Sequence[Event]],
    chunks: Sequence[Chunk] | None,
) -> bytes:
    """Returns a MIDI file.

    Args:
        kind: 0 to 2, of its header.
        division: of its header.
        tracks: their events.
        chunks: those that stay as they were, the header among them; None writes all anew.
    """
    header = _HEADER.pack(b"MThd", 6, kind, len(tracks), division)
    if chunks is None:
        return header + b"".join(map(_track_bytes, tracks))
    first = chunks[0].data or b""
    same = first[8:14] == header[8:14]
    parts = [first if same else header]
    for chunk in chunks[1:]:
        parts.append(_track_bytes(tracks[chunk.track]) if chunk.data is None else chunk.data)
    return b"".join(parts)


def event_bytes(event: Event) -> bytes:
    """Returns an event without its delta time, its status written out."""
    _, status, first, rest = event
    if status == META:
        return bytes([META, first]) + _varint(len(rest)) + rest
    if status in _SYSEX:
        return bytes([status]) + _varint(len(rest)) + rest
    if status >= 0xF0:
        return bytes([status]) + rest
    return bytes([status, first] if status >> 4 in (0xC, 0xD) else [status, first, rest])


def _track_bytes(events: Iterable[Event]) -> bytes:
    body, now = bytearray(), 0
    for event in events:
        body += _varint(event[0] - now) + event_bytes(event)
        now = event[0]
    return _CHUNK.pack(_TRACK, len(body)) + bytes(body)


def _varint(value: int) -> bytes:
    groups = [value & 127]
    while value := value >> 7:
        groups.append(value & 127 | 128)
    return bytes(reversed(groups))

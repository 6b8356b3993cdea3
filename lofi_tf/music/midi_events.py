"""Bytes of a standard MIDI file to events with absolute ticks."""

import struct
from typing import NamedTuple

from lofi_tf.errors import NotConvertible

# note_seq's bound: a later tick is the mark of a damaged file.
MAX_TICK = 10**10

META = 0xFF
TRACK_NAME, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x51, 0x58, 0x59

# Data bytes of the system messages that a file should not hold, yet may.
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}

# mido drops the delta time of meta events of any other type, and so Magenta does: later events
# of the track come early by as much.
_TIMED_META = {*range(0x08), 0x09, 0x20, 0x21, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F}

# (tick, status, first data byte, second data byte), or (tick, META, type, payload).
Event = tuple[int, int, int, int | bytes]

_HEADER = struct.Struct(">4sLHhh")
_CHUNK = struct.Struct(">4sL")


class MidiEvents(NamedTuple):
    """The events of a file.

    Attributes:
        division: ticks a quarter note; if negative, frames a second and ticks a frame (SMPTE).
        tracks: the events of each track, in order.
    """

    division: int
    tracks: list[list[Event]]


def read_events(data: bytes) -> MidiEvents:
    """Reads the channel and meta events of every track; system messages are passed over.

    Raises:
        NotConvertible: the bytes are no whole standard MIDI file.
    """
    if data[:4] != b"MThd":
        raise NotConvertible("not_midi", f"no MIDI header. Received: {data[:8]!r}")
    if len(data) < _HEADER.size:
        raise NotConvertible("truncated", "the file ends inside its header")
    _, size, _, num_tracks, division = _HEADER.unpack_from(data)
    position, tracks = _CHUNK.size + size, []
    for number in range(1, num_tracks + 1):
        try:
            position, events = _read_track(data, position)
        except (IndexError, struct.error):
            message = f"the file ends inside track {number} of {num_tracks}"
            raise NotConvertible("truncated", message) from None
        tracks.append(events)
    if not tracks:
        raise NotConvertible("no_tracks", "the file has no tracks")
    return MidiEvents(division, tracks)


def _read_track(data: bytes, position: int) -> tuple[int, list[Event]]:
    """Returns the position after the track that starts at `position`, and its events."""
    name, size = _CHUNK.unpack_from(data, position)
    while name != b"MTrk":  # Chunks of other kinds are passed over, as the standard asks.
        position += _CHUNK.size + size
        name, size = _CHUNK.unpack_from(data, position)
    position += _CHUNK.size
    end, tick, status, events = position + size, 0, 0, []
    while position < end:
        byte = delta = data[position]
        position += 1
        if byte > 127:
            position, delta = _read_varint(data, position - 1)
        byte = data[position]
        if byte == META:
            position, event = _read_meta(data, position + 1, tick + delta)
            if event[2] in _TIMED_META:
                tick += delta
                events.append(event)
            continue
        tick += delta
        running = byte < 128
        if not running:
            status = byte
            position += 1
        if status < 0xC0 or 0xE0 <= status < 0xF0:
            first, second = data[position], data[position + 1]
            position += 2
        elif status < 0xE0:
            first, second = data[position], 0
            position += 1
        else:
            position = _after_system(data, position, status, running)
            continue
        if (first | second) > 127 or not status:
            raise NotConvertible("bad_event", f"no MIDI event at byte {position}")
        events.append((tick, status, first, second))
    _check_end(position, end, tick)
    return position, events


def _check_end(position: int, end: int, tick: int) -> None:
    if position > end:
        raise NotConvertible("bad_event", f"an event crosses the end of its track at byte {end}")
    if tick + 1 > MAX_TICK:
        raise NotConvertible(
            "too_long", f"the last tick is {tick}. Allowed: less than {MAX_TICK}; likely damaged"
        )


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = data[position]
        position += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return position, value


def _read_meta(data: bytes, position: int, tick: int) -> tuple[int, Event]:
    kind = data[position]
    start, size = _read_varint(data, position + 1)
    end = start + size
    if end > len(data):
        raise IndexError
    return end, (tick, META, kind, data[start:end])


def _after_system(data: bytes, position: int, status: int, running: bool) -> int:
    """Returns the position after a system message whose data start at `position`."""
    if status in (0xF0, 0xF7):
        # As mido reads it, the data byte that stands for a repeated status is lost.
        position, size = _read_varint(data, position + running)
    elif status in _SYSTEM_DATA:
        size = _SYSTEM_DATA[status]
        if running and not size:
            raise NotConvertible("bad_event", f"no MIDI event at byte {position}")
    else:
        raise NotConvertible("bad_event", f"undefined status {status:#04x} at byte {position}")
    if position + size > len(data):
        raise IndexError
    return position + size

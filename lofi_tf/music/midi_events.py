"""Bytes of a standard MIDI file to events with absolute ticks; nothing is lost."""

import struct
from typing import NamedTuple

from lofi_tf.errors import NotConvertible
from lofi_tf.music.midi_container import unwrap

# note_seq's bound: a later tick is the mark of a damaged file.
MAX_TICK = 10**10

META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
TRACK_NAME, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x2F, 0x51, 0x58, 0x59

# Data bytes of the system messages that a file should not hold, yet may.
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}

_CHANNEL_EVENTS = {
    0x8: "note-off",
    0x9: "note-on",
    0xA: "key pressure",
    0xB: "control change",
    0xC: "program change",
    0xD: "channel pressure",
    0xE: "pitch bend",
}

# (tick, status, first data byte, second data byte), the second 0 where an event has one;
# (tick, META, type, payload); (tick, another status from 0xF0 on, 0, payload).
Event = tuple[int, int, int, int | bytes]

_HEADER = struct.Struct(">4sLHHh")
_CHUNK = struct.Struct(">4sL")
_TRACK = b"MTrk"
_MAX_VARINT = 4  # bytes


class MidiEvents(NamedTuple):
    """The events of a file.

    Attributes:
        kind: 0, one track; 1, tracks of one piece; 2, a piece a track. Others are read like 1.
        division: ticks a quarter note; if negative, frames a second and ticks a frame (SMPTE).
        tracks: the events of each track in order, the end of track and what follows it included.
        problems: what of the file is missing.
    """

    kind: int
    division: int
    tracks: list[list[Event]]
    problems: list[NotConvertible]


class _Reading(NamedTuple):
    """Events, the position after them, and what stopped the reading."""

    position: int
    events: list[Event]
    problem: NotConvertible | None


def read_events(data: bytes) -> MidiEvents:
    """Reads every event of every track: of channels, meta events of all types, system messages.

    Sizes and counts that do not match are borne: tracks are read up to their end-of-track event,
    as many as there are, and one that the file's end cuts off up to there. A delta time of a
    negative number, as some programs write it, is 0.

    Raises:
        NotConvertible: the bytes are no standard MIDI file, or damaged in the middle.
    """
    data = unwrap(data)
    if len(data) < _HEADER.size:
        raise NotConvertible("truncated", "the file ends inside its header")
    _, size, kind, num_tracks, division = _HEADER.unpack_from(data)
    tracks: list[list[Event]] = []
    problems: list[NotConvertible] = []
    position = _next_track(data, _CHUNK.size + size, _HEADER.size)
    while position >= 0:
        number = len(tracks) + 1
        track = _read_track(data, position, number)
        tracks.append(track.events)
        if track.problem:
            message = f"{track.problem} track {number} of {max(number, num_tracks)}"
            problems.append(NotConvertible(track.problem.rule, message))
        position = _next_track(data, track.position, position + _CHUNK.size)
    if not tracks:
        raise NotConvertible("no_tracks", "the file has no tracks")
    if len(tracks) < num_tracks:
        message = f"the header counts {num_tracks} tracks; {len(tracks)} are there"
        problems.append(NotConvertible("missing_tracks", message))
    return MidiEvents(kind, division, tracks, problems)


def _next_track(data: bytes, position: int, after: int) -> int:
    """Returns where the next track's chunk begins, or -1.

    Chunks of other kinds are passed over, as the standard asks. Where no chunk is at `position`,
    a wrong size led there: the next track is looked for from `after` on.
    """
    while position + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, position)
        if name == _TRACK:
            return position
        if not (name.isascii() and name.isalnum()):
            break
        position += _CHUNK.size + size
    if position == len(data):
        return -1
    return data.find(_TRACK, after, len(data) - _CHUNK.size)


def _read_track(data: bytes, position: int, number: int) -> _Reading:
    """Reads the track whose chunk is at `position`, the `number`th, past its end-of-track event.

    What follows that event within the chunk's size is read too, where it can be, as mido does.
    """
    _, size = _CHUNK.unpack_from(data, position)
    start = position + _CHUNK.size
    end = start + size
    track = _read_until(data, start, min(end, len(data)))
    ended = _num_ended(track.events)
    if ended and track.problem:
        track = _Reading(end, track.events[:ended], None)
    elif not ended and not track.problem and not _is_boundary(data, track.position):
        whole = _read_until(data, start, len(data), to_end_of_track=True)
        if not whole.problem and _num_ended(whole.events):
            track = whole
        elif track.position > end:
            message = f"an event crosses the end of its track at byte {end}"
            track = track._replace(problem=NotConvertible("bad_event", message))
    elif not ended and end > len(data) and not track.problem:
        track = track._replace(problem=NotConvertible("truncated", "the file ends inside"))
    if track.problem and track.problem.rule != "truncated":
        raise NotConvertible(track.problem.rule, f"track {number}: {track.problem}")
    _check_length(track.events)
    return track


def _check_length(events: list[Event]) -> None:
    tick = events[-1][0] if events else 0
    if tick + 1 > MAX_TICK:
        message = f"the last tick is {tick}. Allowed: less than {MAX_TICK}; likely damaged"
        raise NotConvertible("too_long", message)


def _num_ended(events: list[Event]) -> int:
    """Returns how many events there are up to the last end of track, or 0."""
    for index in range(len(events), 0, -1):
        if events[index - 1][1:3] == (META, END_OF_TRACK):
            return index
    return 0


def _is_boundary(data: bytes, position: int) -> bool:
    """Says whether a chunk begins at `position`, or the file ends."""
    name = data[position : position + 4]
    return position == len(data) or (len(name) == 4 and name.isascii() and name.isalnum())


def _read_until(data: bytes, position: int, end: int, to_end_of_track: bool = False) -> _Reading:
    """Reads the events that begin before `end`, or up to the first end of track.

    An end of track right before another chunk or the end of the file is the last event anyway.
    """
    tick, status, events = 0, 0, []
    try:
        while position < end:
            delta = data[position]
            byte = data[position + 1]
            position += 1
            if delta > 127:
                if byte < 128:  # of two bytes, as most are
                    delta = (delta & 127) << 7 | byte
                    position += 1
                else:
                    position, delta = _read_delta(data, position - 1)
                byte = data[position]
            tick += delta
            if byte >= 0xF0:
                position, event = _read_system(data, position, tick)
                events.append(event)
                if event[2] == END_OF_TRACK and byte == META:
                    if to_end_of_track or data[position : position + 4] == _TRACK:
                        break
                continue
            if byte > 127:
                status = byte
                position += 1
            if status < 0xC0 or status >= 0xE0:
                first, second = data[position], data[position + 1]
                position += 2
            else:
                first, second = data[position], 0
                position += 1
            if (first | second) > 127 or not status:
                raise _bad_event(tick, status, first, second, position)
            events.append((tick, status, first, second))
    except IndexError:
        return _Reading(position, events, NotConvertible("truncated", "the file ends inside"))
    except NotConvertible as problem:
        return _Reading(position, events, problem)
    return _Reading(position, events, None)


def _bad_event(tick: int, status: int, first: int, second: int, position: int) -> NotConvertible:
    """Returns the error of a channel event that ends before `position`."""
    if not status:
        message = f"no MIDI event at byte {position - 2}, tick {tick}"
        return NotConvertible("bad_event", message)
    what = _CHANNEL_EVENTS[status >> 4]
    data = f"{first}" if 0xC0 <= status < 0xE0 else f"{first} and {second}"
    message = (
        f"a {what} on channel {(status & 15) + 1} at tick {tick}, before byte {position}, is "
        f"damaged. Allowed: data bytes from 0 to 127. Received: {data}"
    )
    return NotConvertible("bad_event", message)


def _read_delta(data: bytes, position: int) -> tuple[int, int]:
    """Reads a delta time; one that stands for a negative number of 32 or 64 bits is 0."""
    start = position
    position, delta = _read_varint(data, position)
    if position - start > _MAX_VARINT and (delta >> 31 == 1 or delta >> 63 == 1):
        delta = 0
    return position, delta


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = data[position]
        position += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return position, value


def _read_system(data: bytes, position: int, tick: int) -> tuple[int, Event]:
    """Reads the meta event or system message whose status is at `position`."""
    status, kind = data[position], 0
    position += 1
    if status == META:
        kind = data[position]
        position, size = _read_varint(data, position + 1)
    elif status in (SYSEX, ESCAPE):
        position, size = _read_varint(data, position)
    elif status in _SYSTEM_DATA:
        size = _SYSTEM_DATA[status]
    else:
        message = f"undefined status {status:#04x} at byte {position - 1}, tick {tick}"
        raise NotConvertible("bad_event", message)
    end = position + size
    if end > len(data):
        raise IndexError
    return end, (tick, status, kind, data[position:end])

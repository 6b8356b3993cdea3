"""A NoteSequence to the bytes of a standard MIDI file."""

import itertools
import struct
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lofi_tf.errors import LofiError, check_range
from lofi_tf.files import write_file
from lofi_tf.music.keys import sharps_of
from lofi_tf.music.midi_events import KEY_SIGNATURE, META, SET_TEMPO, TIME_SIGNATURE, TRACK_NAME
from lofi_tf.music.midi_reader import DRUM_CHANNEL
from lofi_tf.music.midi_text import bytes_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.tempo_map import TempoMap
from lofi_tf.music.time_changes import DEFAULT_QPM, TICKS_PER_QUARTER

_END_OF_TRACK, _MARKER, _TEXT = 0x2F, 0x06, 0x01
_MAX_MICROSECONDS = 0xFFFFFF
_MELODIC_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]

# Order of events at the same tick; a note ends before the next one of its pitch begins.
_SETTING, _PROGRAM, _BEND, _CONTROL, _NOTE_OFF, _NOTE_ON = range(6)

Markers = Iterable[tuple[float, str]]
# (tick, order, bytes)
_Event = tuple[int, int, bytes]


def write_midi(sequence: NoteSequence, path: str | Path, markers: Markers = ()) -> None:
    """Writes a standard MIDI file, which appears only when whole.

    Args:
        sequence: unquantized music; its times are kept within half a tick.
        path: where to write; missing folders are made.
        markers: seconds and text, such as of sections, beside the chord symbols.

    Raises:
        LofiError: the sequence holds what MIDI cannot.
    """
    write_file(path, midi_bytes(sequence, markers))


def midi_bytes(sequence: NoteSequence, markers: Markers = ()) -> bytes:
    """Returns a standard MIDI file of type 1: a track of settings, then one an instrument.

    Markers are in the first; chord symbols are texts on a track of their own, `Chords`, which is
    the second. All tracks end where the sequence does, or with their last event.

    Each (instrument, program, is_drum) gets a track, drums on channel 10. A note lasts a tick at
    least, times before zero become zero, and velocities are clipped to 1..127.

    Raises:
        LofiError: a pitch outside 0..127, a tempo that is not positive, or a metre that MIDI
            cannot express.
    """
    resolution = sequence.ticks_per_quarter or TICKS_PER_QUARTER
    check_range("ticks_per_quarter", resolution, 1, 0x7FFF)
    tempos = _tempo_events(sequence, resolution)
    tempo_map = TempoMap(resolution, tempos)
    end = _tick(tempo_map, sequence.total_time)
    tracks = [_track_bytes(_settings(sequence, markers, tempos, tempo_map), end)]
    if chords := _chord_events(sequence, tempo_map):
        tracks.append(_track_bytes(chords, end))
    channels = itertools.cycle(_MELODIC_CHANNELS)
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    for (instrument, program, is_drum), parts in sorted(_by_instrument(sequence).items()):
        channel = DRUM_CHANNEL if is_drum else next(channels)
        events = _instrument_events(parts, program, channel, tempo_map)
        if names.get(instrument):
            name = bytes_of(names[instrument])
            events.append((0, _SETTING, _meta(TRACK_NAME, name)))
        tracks.append(_track_bytes(events, end))
    header = struct.pack(">4sLhhh", b"MThd", 6, 1, len(tracks), resolution)
    return header + b"".join(tracks)


def _tempo_events(sequence: NoteSequence, resolution: int) -> list[tuple[int, bytes]]:
    """Returns tick and payload of each tempo, as whole microseconds a quarter note."""
    tempos = {0: _payload(DEFAULT_QPM)}
    for tempo in sorted(sequence.tempos, key=lambda tempo: tempo.time):
        tick = _tick(TempoMap(resolution, tempos.items()), tempo.time)
        tempos[tick] = _payload(tempo.qpm)
    return list(tempos.items())


def _payload(qpm: float) -> bytes:
    if not qpm > 0:
        raise LofiError(f"a tempo must be above 0 quarter notes a minute. Received: {qpm}")
    return min(max(1, round(6e7 / qpm)), _MAX_MICROSECONDS).to_bytes(3, "big")


def _tick(tempo_map: TempoMap, seconds: float) -> int:
    return int(tempo_map.ticks(np.array([seconds]))[0])


def _settings(
    sequence: NoteSequence,
    markers: Markers,
    tempos: Iterable[tuple[int, bytes]],
    tempo_map: TempoMap,
) -> list[_Event]:
    events = [(tick, _SETTING, _meta(SET_TEMPO, payload)) for tick, payload in tempos]
    for metre in sequence.time_signatures:
        payload = _metre_payload(metre.numerator, metre.denominator)
        events.append((_tick(tempo_map, metre.time), _SETTING, _meta(TIME_SIGNATURE, payload)))
    for key in sequence.key_signatures:
        is_minor = key.mode == NoteSequence.KeySignature.MINOR
        payload = struct.pack(">bB", sharps_of(key.key, is_minor), is_minor)
        events.append((_tick(tempo_map, key.time), _SETTING, _meta(KEY_SIGNATURE, payload)))
    for time, text in markers:
        events.append((_tick(tempo_map, time), _SETTING, _meta(_MARKER, bytes_of(text))))
    return events


def _chord_events(sequence: NoteSequence, tempo_map: TempoMap) -> list[_Event]:
    is_chord = NoteSequence.TextAnnotation.CHORD_SYMBOL
    found = [
        (_tick(tempo_map, chord.time), _SETTING, _meta(_TEXT, bytes_of(chord.text)))
        for chord in sequence.text_annotations
        if chord.annotation_type == is_chord
    ]
    return [(0, _SETTING, _meta(TRACK_NAME, b"Chords")), *found] if found else []


def _metre_payload(numerator: int, denominator: int) -> bytes:
    if not 0 < numerator < 256 or denominator < 1 or denominator & (denominator - 1):
        raise LofiError(
            "a metre needs 1 to 255 beats and a power of 2 below. "
            f"Received: {numerator}/{denominator}"
        )
    clocks_per_click, thirty_seconds_per_quarter = 24, 8
    power = denominator.bit_length() - 1
    return bytes([numerator, power, clocks_per_click, thirty_seconds_per_quarter])


def _by_instrument(sequence: NoteSequence) -> dict[tuple[int, int, bool], dict[str, list]]:
    groups = defaultdict(lambda: {"notes": [], "pitch_bends": [], "control_changes": []})
    for field in ("notes", "pitch_bends", "control_changes"):
        for event in getattr(sequence, field):
            groups[event.instrument, event.program, event.is_drum][field].append(event)
    return groups


def _instrument_events(
    parts: dict[str, list], program: int, channel: int, tempo_map: TempoMap
) -> list[_Event]:
    events = [(0, _PROGRAM, bytes([0xC0 | channel, _data_byte("program", program)]))]
    notes = parts["notes"]
    starts = tempo_map.ticks(np.array([note.start_time for note in notes]))
    ends = tempo_map.ticks(np.array([note.end_time for note in notes]))
    ends = np.maximum(ends, starts + 1)
    for note, start, end in zip(notes, starts.tolist(), ends.tolist(), strict=True):
        pitch, velocity = _data_byte("pitch", note.pitch), min(max(1, note.velocity), 127)
        events.append((start, _NOTE_ON, bytes([0x90 | channel, pitch, velocity])))
        events.append((end, _NOTE_OFF, bytes([0x80 | channel, pitch, 0])))
    for bend in parts["pitch_bends"]:
        value = min(max(0, bend.bend + 8192), 16383)
        data = bytes([0xE0 | channel, value & 127, value >> 7])
        events.append((_tick(tempo_map, bend.time), _BEND, data))
    for change in parts["control_changes"]:
        number = _data_byte("control number", change.control_number)
        data = bytes([0xB0 | channel, number, _data_byte("control value", change.control_value)])
        events.append((_tick(tempo_map, change.time), _CONTROL, data))
    return events


def _data_byte(what: str, value: int) -> int:
    check_range(f"a MIDI {what}", value, 0, 127)
    return value


def _track_bytes(events: list[_Event], end: int) -> bytes:
    """Returns the chunk of a track that ends at `end`, or with its last event if that is later."""
    events = sorted(events, key=lambda event: event[:2])
    last = max(end, events[-1][0] if events else 0)
    events.append((last, _SETTING, _meta(_END_OF_TRACK, b"")))
    body, now = bytearray(), 0
    for tick, _, data in events:
        body += _varint(tick - now) + data
        now = tick
    return struct.pack(">4sL", b"MTrk", len(body)) + bytes(body)


def _meta(kind: int, payload: bytes) -> bytes:
    return bytes([META, kind]) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    groups = [value & 127]
    while value := value >> 7:
        groups.append(value & 127 | 128)
    return bytes(reversed(groups))

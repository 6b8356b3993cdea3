"""MIDI bytes to a NoteSequence, field by field what note_seq with pretty_midi makes of them.

The rules, which Magenta's records depend on:

- Metres and keys are those of the first track that has any. Tempo events count on every track; in
  pretty_midi on the first alone, as in files of type 2, where each track is a piece.
- A note-off closes every open note of its pitch and channel that began at an earlier tick. A note
  that would last zero ticks vanishes, and so does one that is never closed, unless, other than in
  pretty_midi, a control ends all notes of its channel (120 and 123 to 127).
- An instrument is a (program, channel, track), in the order of their first closed notes; the
  program is the one in force at the note-off.
- Controls and pitch bends that come before their channel has an instrument wait for the next new
  one. All instruments that a channel gets from then on share that waiting list.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from lofi_tf.errors import NotConvertible
from lofi_tf.music.midi_events import (
    KEY_SIGNATURE,
    META,
    SET_TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    Event,
    MidiEvents,
    read_events,
)
from lofi_tf.music.midi_text import text_of
from lofi_tf.music.proto_wire import encode_rows
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.tempo_map import TempoMap

DRUM_CHANNEL = 9
MAX_SECONDS = 24 * 60 * 60
_ALL_OFF = (120, *range(123, 128))  # controls that end all notes of a channel
_NOTE_ON, _CONTROL, _PROGRAM, _BEND = 0x9, 0xB, 0xC, 0xE
_PIECE_A_TRACK = 2


@dataclasses.dataclass(slots=True)
class _Events:
    """Controls and bends of a channel, as flat lists of whole numbers."""

    controls: list[int]  # tick, number, value, tick, ...
    bends: list[int]  # tick, bend, tick, ...


@dataclasses.dataclass(slots=True)
class _Instrument(_Events):
    """What one (program, channel, track) plays."""

    program: int
    is_drum: bool
    name: str
    notes: list[int]  # start tick, end tick, pitch, velocity, start tick, ...


def read_midi(data: bytes) -> NoteSequence:
    """Reads a whole MIDI file, as `note_seq.midi_io.midi_to_note_sequence` does.

    Raises:
        NotConvertible: the bytes are no MIDI file, or a damaged one.
    """
    return sequence_of(read_events(data))


def sequence_of(events: MidiEvents) -> NoteSequence:
    """Returns the music of a MIDI file's events.

    Raises:
        NotConvertible: there is a tempo or a resolution of zero, or it lasts more than a day.
    """
    settings = _settings(events)
    tempo_map = _tempo_map(events.division, settings)
    instruments = []
    for track in events.tracks:
        instruments += _read_instruments(track)
    sequence = NoteSequence.FromString(_encode(instruments, tempo_map))
    sequence.ticks_per_quarter = tempo_map.ticks_per_quarter
    sequence.source_info.parser = NoteSequence.SourceInfo.PRETTY_MIDI
    sequence.source_info.encoding_type = NoteSequence.SourceInfo.MIDI
    for time, qpm in tempo_map.tempos():
        sequence.tempos.add(time=time, qpm=qpm)
    _add_metres(sequence, _first_given(settings, TIME_SIGNATURE), tempo_map)
    _add_keys(sequence, _first_given(settings, KEY_SIGNATURE), tempo_map)
    for index, instrument in enumerate(instruments):
        if instrument.name:
            sequence.instrument_infos.add(instrument=index, name=instrument.name)
    if not sequence.total_time <= MAX_SECONDS:
        message = f"it lasts {sequence.total_time:.0f} s. Allowed: up to {MAX_SECONDS} s, a day"
        raise NotConvertible("too_long", message)
    return sequence


def tempo_map_of(events: MidiEvents) -> TempoMap:
    """Returns ticks to seconds of a file, by the tempo events of all tracks of one piece."""
    return _tempo_map(events.division, _settings(events))


def _tempo_map(division: int, settings: list[list[Event]]) -> TempoMap:
    tempos = [tempo for track in settings for tempo in _payloads(track, SET_TEMPO)]
    tempos.sort(key=lambda tempo: tempo[0])  # stable: the later track has the last word
    return TempoMap(division, tempos)


def _settings(events: MidiEvents) -> list[list[Event]]:
    """Returns the meta events of each track of the piece, of the first where each is a piece."""
    tracks = events.tracks[:1] if events.kind == _PIECE_A_TRACK else events.tracks
    return [[event for event in track if event[1] == META] for track in tracks]


def _first_given(settings: list[list[Event]], kind: int) -> list[tuple[int, bytes]]:
    """Returns the meta events of a kind of the first track that has any."""
    given = (_payloads(track, kind) for track in settings)
    return next((payloads for payloads in given if payloads), [])


def _read_instruments(track: list[Event]) -> list[_Instrument]:
    """Returns the instruments of a track, in the order of their first closed notes."""
    instruments: dict[tuple[int, int], _Instrument] = {}
    programs = [0] * 16
    playing: list[_Instrument | None] = [None] * 16
    waiting: list[_Events | None] = [None] * 16
    open_notes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    name, ends = "", []  # ends: by controls, of notes that may have no other
    for tick, status, first, second in track:
        kind, channel = status >> 4, status & 15
        if kind == _NOTE_ON and second:
            open_notes.setdefault((channel, first), []).append((tick, second))
        elif kind <= _NOTE_ON:
            closed = _close(open_notes, (channel, first), tick)
            if not closed:
                continue
            instrument = playing[channel]
            if instrument is None:
                instrument = _new_instrument(programs[channel], channel, name, waiting[channel])
                playing[channel] = instruments[programs[channel], channel] = instrument
            for start, velocity in closed:
                instrument.notes += (start, tick, first, velocity)
        elif kind == _CONTROL or kind == _BEND:
            events = playing[channel] or waiting[channel]
            if events is None:
                events = waiting[channel] = _Events([], [])
            if kind == _CONTROL:
                events.controls += (tick, first, second)
                if first in _ALL_OFF:
                    theirs = [key for key in open_notes if key[0] == channel]
                    ends += [(key, tick, programs[channel]) for key in theirs]
            else:
                events.bends += (tick, first + (second << 7) - 8192)
        elif kind == _PROGRAM:
            programs[channel] = first
            playing[channel] = instruments.get((first, channel))
        elif status == META and first == TRACK_NAME:
            name = text_of(second)
    for (channel, pitch), tick, program in ends:
        instrument = instruments.get((program, channel))
        for start, velocity in _close(open_notes, (channel, pitch), tick):
            if instrument is None:
                instrument = _new_instrument(program, channel, name, waiting[channel])
                instruments[program, channel] = instrument
            instrument.notes += (start, tick, pitch, velocity)
    return list(instruments.values())


def _close(open_notes: dict, key: tuple[int, int], tick: int) -> list[tuple[int, int]]:
    """Takes the notes out of `open_notes` that a note-off at `tick` ends."""
    pending = open_notes.pop(key, ())
    if not pending or pending[-1][0] < tick:
        return pending
    closed = [note for note in pending if note[0] < tick]
    left = [note for note in pending if note[0] > tick or (closed and note[0] == tick)]
    if left:
        open_notes[key] = left
    return closed


def _new_instrument(program: int, channel: int, name: str, waiting: _Events | None) -> _Instrument:
    events = waiting or _Events([], [])
    is_drum = channel == DRUM_CHANNEL
    return _Instrument(events.controls, events.bends, program, is_drum, name, [])


def _encode(instruments: list[_Instrument], tempo_map: TempoMap) -> bytes:
    """Serializes notes, bends, controls and the total time."""
    table, notes = _rows(instruments, "notes", 4)
    notes["start_time"] = tempo_map.seconds(table[:, 0])
    notes["end_time"] = tempo_map.seconds(table[:, 1])
    notes["pitch"], notes["velocity"] = table[:, 2], table[:, 3]
    table, bends = _rows(instruments, "bends", 2)
    bends["time"], bends["bend"] = tempo_map.seconds(table[:, 0]), table[:, 1]
    table, controls = _rows(instruments, "controls", 3)
    controls["time"] = tempo_map.seconds(table[:, 0])
    controls["control_number"], controls["control_value"] = table[:, 1], table[:, 2]
    return b"".join(
        [
            encode_rows("notes", notes),
            encode_rows("pitch_bends", bends),
            encode_rows("control_changes", controls),
            NoteSequence(total_time=notes["end_time"].max(initial=0.0)).SerializeToString(),
        ]
    )


def _rows(
    instruments: list[_Instrument], name: str, width: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns events of all instruments, `[N, width]`, and the columns that say whose each is."""
    lists = [np.array(getattr(i, name), np.int64) for i in instruments]
    counts = [len(flat) // width for flat in lists]
    table = np.concatenate([np.zeros(0, np.int64), *lists]).reshape(-1, width)
    return table, {
        "instrument": np.repeat(np.arange(len(instruments)), counts),
        "program": np.repeat(np.array([i.program for i in instruments], np.int64), counts),
        "is_drum": np.repeat(np.array([i.is_drum for i in instruments], np.int64), counts),
    }


def _payloads(events: list[Event], kind: int) -> list[tuple[int, bytes]]:
    """Returns tick and payload of each meta event of that kind."""
    return [(tick, payload) for tick, _, found, payload in events if found == kind]


def _add_metres(
    sequence: NoteSequence, events: Iterable[tuple[int, bytes]], tempo_map: TempoMap
) -> None:
    """Adds metres of 1 to 255 beats of 1/1 to 1/2**30; others mean nothing."""
    for tick, payload in events:
        if len(payload) < 2 or not payload[0] or payload[1] > 30:
            continue
        sequence.time_signatures.add(
            time=tempo_map.seconds(np.array(tick)),
            numerator=payload[0],
            denominator=2 ** payload[1],
        )


def _add_keys(
    sequence: NoteSequence, events: Iterable[tuple[int, bytes]], tempo_map: TempoMap
) -> None:
    """Adds keys from their sharps (flats are negative) and mode; others mean nothing."""
    for tick, payload in events:
        sharps = int.from_bytes(payload[:1], "big", signed=True)
        if len(payload) < 2 or abs(sharps) > 7 or payload[1] > 1:
            continue
        is_minor = payload[1]
        sequence.key_signatures.add(
            time=tempo_map.seconds(np.array(tick)),
            key=(7 * sharps + 9 * is_minor) % 12,
            mode=is_minor,
        )

"""Notes of several instruments: from MIDI to symbols and back, and what a person writes."""

import numpy as np
import pytest

from lofi_tf.crossmodal import symbol_notes as notes
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import Symbol
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.music.midi import midi_bytes, read_midi
from lofi_tf.music.sequence_proto import NoteSequence

CONVERTER = PairedConverter(instruments=("piano", "flute", "violin"))


def sequence(*tracks):
    """Returns music of tracks (program, pitches), a second a note."""
    found = NoteSequence()
    for number, (program, pitches) in enumerate(tracks):
        for place, pitch in enumerate(pitches):
            found.notes.add(
                pitch=pitch, velocity=80, start_time=place, end_time=place + 1,
                instrument=number, program=program,
            )  # fmt: skip
    return found


def pitches(parts):
    return [[note.pitch for note in part] for part in parts]


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ((73, 40, 0), [[3], [1], [2]]),  # by their programs
        ((0, 0, 0), [[1], [2], [3]]),  # none has one: in order
        ((73, 56), [[2], [1], []]),  # a trumpet takes what is free
        ((73, 73), [[], [1, 2], []]),  # two flutes are one
        ((40,), [[], [], [1]]),
    ],
)
def test_tracks_find_their_instruments(programs, expected):
    music = sequence(*((program, [n + 1]) for n, program in enumerate(programs)))
    assert pitches(notes.instrument_notes(music, CONVERTER.instruments)) == expected


def test_named_tracks_go_where_they_are_sent():
    music = sequence((0, [60]), (0, [61]))
    parts = notes.instrument_notes(music, CONVERTER.instruments, ("violin", "flute"))
    assert pitches(parts) == [[], [61], [60]]
    with pytest.raises(LofiError, match="unknown instrument"):
        notes.instrument_notes(music, CONVERTER.instruments, ("tuba",))


def test_tracks_too_many_and_drums_are_left_out():
    music = sequence((56, [60]), (57, [61]), (58, [62]), (60, [63]))
    music.notes.add(pitch=36, velocity=80, end_time=1, is_drum=True, instrument=9)
    with pytest.warns(LofiWarning, match="1 of 4 tracks"):
        parts = notes.instrument_notes(music, CONVERTER.instruments)
    assert pitches(parts) == [[60], [61], [62]]


def test_symbols_are_the_highest_note_at_each_frame():
    chord = [NoteEvent(60, 20, 0.0, 1.0), NoteEvent(64, 120, 0.5, 1.0)]
    with pytest.warns(LofiWarning, match="chords need .*label_type=binary"):
        rows = notes.symbols_of([chord, [], []], CONVERTER, 40)
    decoded = [CONVERTER.layout.decode(row)[0] for row in rows]
    times = np.arange(40) * CONVERTER.frame_seconds
    expected = [
        Symbol(4, 0, 0) if time < 0.5 else Symbol(4, 4, 4) if time < 1 else Symbol()
        for time in times
    ]
    assert decoded == expected


def test_binary_symbols_hold_all_notes():
    converter = PairedConverter(instruments=("piano",), label_type="binary")
    vector = notes.vector_of([((60, 64), (76, 64))], converter)
    on = np.flatnonzero(vector).tolist()
    assert on == [4, 5, 10 + 0, 10 + 4, 10 + 13 + 2]


def test_notes_written_by_a_person():
    chords = notes.chords_of_spec("piano:C4:mf+flute:F#5:v100+piano:E4", CONVERTER)
    assert chords == [((60, 80), (64, 80)), ((78, 100),), ()]


@pytest.mark.parametrize("spec", ["piano", "tuba:C4", "piano:H4", "piano:C9", ""])
def test_what_is_no_note_is_one_line(spec):
    with pytest.raises(LofiError) as error:
        notes.chords_of_spec(spec, CONVERTER)
    assert "\n" not in str(error.value)


def test_moved_and_evened_notes():
    parts = [[NoteEvent(60, 20, 0, 1), NoteEvent(118, 20, 1, 2)]]
    with pytest.warns(LofiWarning, match="1 notes left out"):
        (part,) = notes.changed(parts, transpose=2, dynamics=4)
    assert part == [NoteEvent(62, 115, 0, 1)]


def test_music_keeps_times_tracks_and_programs():
    parts = [[NoteEvent(60, 20, 0.0, 1.0)], [NoteEvent(70, 99, 0.5, 2.0)], []]
    again = read_midi(midi_bytes(notes.sequence_of(parts, CONVERTER.instruments)))
    assert {note.program for note in again.notes} == {0, 73}
    found = notes.instrument_notes(again, CONVERTER.instruments)
    for part, before in zip(found, parts, strict=True):
        assert [n[:2] for n in part] == [n[:2] for n in before]
        assert np.allclose([n[2:] for n in part], [n[2:] for n in before], atol=0.002)


def test_words():
    symbols = [Symbol(4, 1, 2), Symbol(), Symbol(5, 0, 0)]
    words = notes.words_of(CONVERTER.layout.encode(symbols), CONVERTER)
    assert words == "piano C#4 v64, flute silent, violin C5 v13"

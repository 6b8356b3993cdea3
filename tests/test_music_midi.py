import io
import warnings

import numpy as np
import pytest

from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.midi import midi_bytes, read_midi, write_midi
from lofi_tf.music.sequence_proto import NoteSequence
from tests.midi_builder import bend, control, meta, midi, off, on, program, tempo, track

NOTE = [(0, on(60)), (480, off(60))]

# Files that note_seq (pretty_midi underneath) reads, each for one of its rules.
READABLE = {
    "one_note": midi(track(*NOTE)),
    "type_0": midi(track((0, tempo(600000)), *NOTE), kind=0),
    "type_2": midi(track(*NOTE), track(*NOTE), kind=2),
    "overlap_closes_all": midi(track((0, on(60, 50)), (100, on(60, 70)), (100, off(60)))),
    "overlap_keeps_same_tick": midi(
        track((0, on(60, 50)), (100, on(60, 70)), (0, off(60)), (100, off(60)))
    ),
    "off_before_on_same_tick": midi(
        track((0, on(60)), (96, off(60)), (0, on(60, 40)), (96, off(60)))
    ),
    "zero_length": midi(track((0, on(60)), (0, off(60)), (96, off(60)), *NOTE)),
    "two_zero_lengths": midi(track((9, on(60)), (0, on(60)), (0, off(60)), (9, off(60)), *NOTE)),
    "never_closed": midi(track((0, on(60)), (480, on(64)), (480, off(64)))),
    "off_by_velocity_0": midi(track((0, on(60)), (480, on(60, 0)))),
    "running_status": midi(
        track((0, on(60)), (96, b"\x3c\x00"), (0, b"\x40\x50"), (96, b"\x40\x00"))
    ),
    "running_status_over_meta": midi(track((0, on(60)), (5, meta(1, b"hi")), (96, b"\x3c\x00"))),
    "long_delta": midi(track((100000, on(60)), (3_000_000, off(60)))),
    "tempo_changes": midi(
        track((0, tempo(400000)), (333, tempo(700001)), (777, tempo(300007)), (1, tempo(300007))),
        track((100, on(60)), (400, off(60)), (500, on(62)), (700, off(62))),
    ),
    "tempos_same_tick": midi(
        track((0, tempo(1)), (0, tempo(400000)), (96, tempo(9)), (0, tempo(80000)), *NOTE)
    ),
    "odd_resolution": midi(track((0, tempo(410256)), (7, on(60)), (11, off(60))), division=97),
    "metres_and_keys": midi(
        track(
            (0, meta(0x58, b"\x07\x03\x18\x08")),
            (0, meta(0x59, b"\xfd\x01")),
            (960, meta(0x58, b"\x03\x02\x18\x08")),
            (0, meta(0x59, b"\x07\x00")),
            *NOTE,
        ),
        track((0, meta(0x58, b"\x00\x02\x18\x08")), (0, meta(0x59, b"\x01\x00"))),
    ),
    "programs_on_one_channel": midi(
        track(
            *[(0, program(5)), (0, control(7, 9)), *NOTE],
            *[(0, program(9)), (0, control(7, 8)), (0, bend(-5)), *NOTE],
            *[(0, program(5)), (0, control(7, 7)), *NOTE, (0, control(1, 1))],
        )
    ),
    "program_change_inside_note": midi(
        track((0, program(5)), (0, on(60)), (9, program(7)), NOTE[1])
    ),
    "drums_with_programs": midi(
        track((0, program(8, 9)), (0, on(36, 80, 9)), (60, off(36, 9)), (0, program(0, 9))),
        track((0, on(38, 80, 9)), (60, off(38, 9))),
    ),
    "channels_of_one_track": midi(
        track(*[(0, on(60, 9, c)) for c in range(16)], *[(9, off(60, c)) for c in (3, 0, 9, 15)])
    ),
    "controls_without_notes": midi(track((0, control(7, 1)), (5, bend(8191))), track(*NOTE)),
    "bends": midi(track((0, bend(-8192)), *NOTE, (0, bend(0)), (3, bend(8191)), (0, bend(-1)))),
    "names": midi(
        track((0, meta(3, b"One")), *NOTE),
        track(*NOTE, (0, meta(3, b"late"))),
        track((0, meta(3, b"caf\xe9")), (0, meta(3, b"twice")), *NOTE),
    ),
    "sysex": midi(track((0, b"\xf0\x03\x7e\x7f\xf7"), (5, b"\xf7\x01\x10"), *NOTE)),
    "system_messages": midi(track((0, b"\xf2\x01\x02"), (3, b"\xf8"), (2, b"\xf3\x01"), *NOTE)),
    "aftertouch": midi(track((0, on(60)), (5, b"\xa0\x3c\x05"), (5, b"\xd0\x07"), (9, off(60)))),
    "lyrics": midi(track((0, meta(5, b"la")), (0, meta(1, b"@Kar")), *NOTE)),
    "no_notes": midi(track((0, tempo(500000)))),
    "no_end_of_track": midi(track(*NOTE, end=False)),
    "after_end_of_track": midi(track((0, b"\xff\x2f\x00"), *NOTE)),
    "bytes_after_tracks": midi(track(*NOTE)) + b"junk",
    "many_tracks": midi(*[track(*NOTE) for _ in range(200)]),
}

DAMAGED = {
    "not_midi": b"RIFF1234",
    "truncated": midi(track(*NOTE))[:10],
    "no_tracks": midi(),
    "bad_event": midi(track((0, b"\x3c\x40"))),
    "bad_tempo": midi(track((0, meta(0x51, b"\0\0\0")), *NOTE)),
    "bad_resolution": midi(track(*NOTE), division=0),
    "too_long": midi(track((2**35, on(60)))),
}

# Files that note_seq refuses for a detail that says nothing about the notes.
REFUSED_BY_NOTE_SEQ = {
    "odd_key": midi(track((0, meta(0x59, b"\x00\x05")), *NOTE)),
    "sysex_data_byte": midi(track((0, b"\xf0\x02\xaa\xf7"), *NOTE)),
    "no_metre": midi(track((0, meta(0x58, b"\x00\x02\x18\x08")), *NOTE)),
    "empty_track": midi(track(*NOTE), track(end=False)),
    "other_chunk": midi(track(*NOTE))[:14] + b"XFIH\0\0\0\1x" + midi(track(*NOTE))[14:],
}


@pytest.fixture(scope="module")
def note_seq_reader():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from note_seq import midi_io
    return midi_io.midi_to_note_sequence


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.filterwarnings("ignore")
def test_read_midi_equals_note_seq(name, note_seq_reader):
    assert str(read_midi(READABLE[name])) == str(note_seq_reader(READABLE[name]))


@pytest.mark.parametrize("rule", DAMAGED)
@pytest.mark.filterwarnings("ignore")
def test_read_midi_names_what_is_wrong(rule, note_seq_reader):
    with pytest.raises(NotConvertible) as caught:
        read_midi(DAMAGED[rule])
    assert caught.value.rule == rule
    with pytest.raises(Exception, match="."):
        note_seq_reader(DAMAGED[rule])


@pytest.mark.parametrize("name", REFUSED_BY_NOTE_SEQ)
def test_read_midi_reads_notes_despite_odd_details(name):
    notes = read_midi(REFUSED_BY_NOTE_SEQ[name]).notes
    assert [(n.pitch, n.start_time, n.end_time) for n in notes] == [(60, 0.0, 0.5)]


def test_read_midi_smpte_division_counts_frames():
    frames, ticks_a_frame = 25, 40
    division = -frames * 256 + ticks_a_frame
    data = midi(track((0, tempo(123456)), (500, on(60)), (250, off(60))), division=division)
    sequence = read_midi(data)
    assert (sequence.notes[0].start_time, sequence.notes[0].end_time) == (0.5, 0.75)
    assert [tempo.qpm for tempo in sequence.tempos] == [120.0]


def music() -> NoteSequence:
    sequence = NoteSequence(ticks_per_quarter=480, total_time=9.0)
    sequence.tempos.add(time=0, qpm=137.0)
    sequence.tempos.add(time=3.0, qpm=81.5)
    sequence.time_signatures.add(time=0, numerator=6, denominator=8)
    sequence.key_signatures.add(time=0, key=9, mode=NoteSequence.KeySignature.MINOR)
    sequence.key_signatures.add(time=4, key=10)
    sequence.instrument_infos.add(instrument=1, name="Bass")
    for index in range(40):
        time = 0.21 * index
        sequence.notes.add(
            pitch=40 + index, velocity=1 + 3 * index, start_time=time, end_time=time + 0.2,
            instrument=1, program=33,
        )  # fmt: skip
        sequence.notes.add(
            pitch=36, velocity=100, start_time=time, end_time=time + 0.1,
            instrument=2, is_drum=True,
        )  # fmt: skip
    sequence.control_changes.add(
        time=1, control_number=7, control_value=90, instrument=1, program=33
    )
    sequence.pitch_bends.add(time=2, bend=-300, instrument=1, program=33)
    return sequence


def notes_of(sequence):
    fields = ("instrument", "program", "is_drum", "pitch", "velocity", "start_time", "end_time")
    return [tuple(getattr(note, field) for field in fields) for note in sequence.notes]


@pytest.mark.filterwarnings("ignore")
def test_write_midi_reads_back_through_pretty_midi(note_seq_reader):
    sequence = music()
    back = note_seq_reader(midi_bytes(sequence))
    assert back.ticks_per_quarter == 480
    ours = sorted(n[1:5] for n in notes_of(sequence))
    assert sorted(n[1:5] for n in notes_of(back)) == ours
    times = np.array(sorted(n[-2:] for n in notes_of(sequence)))
    tick_seconds = 60 / 81.5 / 480
    np.testing.assert_allclose(sorted(n[-2:] for n in notes_of(back)), times, atol=tick_seconds)
    np.testing.assert_allclose([t.qpm for t in back.tempos], [137.0, 81.5], rtol=2e-6)
    assert [(t.numerator, t.denominator) for t in back.time_signatures] == [(6, 8)]
    assert [(k.key, k.mode) for k in back.key_signatures] == [(9, 1), (10, 0)]
    assert [info.name for info in back.instrument_infos] == ["Bass"]
    assert [(c.control_number, c.control_value, c.program) for c in back.control_changes] == [
        (7, 90, 33)
    ]
    assert [(b.bend, b.program) for b in back.pitch_bends] == [(-300, 33)]


def test_write_midi_of_a_read_file_keeps_every_tick():
    once = read_midi(READABLE["tempo_changes"])
    assert notes_of(read_midi(midi_bytes(once))) == notes_of(once)


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("key", range(12))
def test_write_midi_keeps_keys(key, mode):
    sequence = NoteSequence()
    sequence.key_signatures.add(key=key, mode=mode)
    back = read_midi(midi_bytes(sequence)).key_signatures
    assert [(k.key, k.mode) for k in back] == [(key, mode)]


def test_write_midi_ends_a_note_before_the_next_begins():
    sequence = NoteSequence()
    for index in range(4):
        sequence.notes.add(pitch=60, velocity=80, start_time=index / 2, end_time=(index + 1) / 2)
    assert [n[-2:] for n in notes_of(read_midi(midi_bytes(sequence)))] == [
        (0.0, 0.5), (0.5, 1.0), (1.0, 1.5), (1.5, 2.0),
    ]  # fmt: skip


def test_write_midi_more_instruments_than_channels_keeps_all():
    sequence = NoteSequence()
    for index in range(40):
        sequence.notes.add(pitch=60, velocity=80, end_time=1, instrument=index, program=index)
    back = read_midi(midi_bytes(sequence))
    assert [(n.program, n.is_drum) for n in back.notes] == [(index, False) for index in range(40)]


def test_write_midi_early_notes_start_at_zero():
    sequence = NoteSequence()
    sequence.notes.add(pitch=60, velocity=80, start_time=-0.1, end_time=0.5)
    assert notes_of(read_midi(midi_bytes(sequence)))[0][-2:] == (0.0, 0.5)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("notes", {"pitch": 128, "velocity": 80, "end_time": 1}),
        ("tempos", {"qpm": 0}),
        ("time_signatures", {"numerator": 4, "denominator": 3}),
    ],
)
def test_write_midi_refuses_what_midi_cannot_hold(field, values):
    sequence = NoteSequence()
    getattr(sequence, field).add(**values)
    with pytest.raises(LofiError, match="Received"):
        midi_bytes(sequence)


def test_write_midi_makes_a_standard_file(tmp_path):
    import mido

    write_midi(music(), tmp_path / "new" / "a.mid")
    file = mido.MidiFile(file=io.BytesIO((tmp_path / "new" / "a.mid").read_bytes()))
    assert (file.type, len(file.tracks)) == (1, 3)
    assert {m.channel for m in file.tracks[2] if m.type == "note_on"} == {9}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.mid"]


def test_chords_are_texts_on_a_track_of_their_own_and_markers_in_the_first():
    sequence = NoteSequence(ticks_per_quarter=480, total_time=4.0)
    sequence.tempos.add(qpm=60)
    kind = NoteSequence.TextAnnotation.CHORD_SYMBOL
    sequence.text_annotations.add(time=2.0, text="Am7", annotation_type=kind)
    sequence.text_annotations.add(time=3.0, text="no chord")
    sequence.notes.add(pitch=60, velocity=80, end_time=1.0)
    import mido

    file = mido.MidiFile(file=io.BytesIO(midi_bytes(sequence, [(2.0, "verse")])))
    first, chords, _ = file.tracks
    assert [m.text for m in first if m.type == "marker"] == ["verse"]
    texts = [(m.type, m.time, getattr(m, "text", m.dict().get("name"))) for m in chords]
    assert texts == [
        ("track_name", 0, "Chords"), ("text", 960, "Am7"), ("end_of_track", 960, None)
    ]  # fmt: skip
    assert {sum(m.time for m in track) for track in file.tracks} == {4 * 480}

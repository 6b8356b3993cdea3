"""MIDI as people's programs write it, read as it is meant; beside what pretty_midi makes of it."""

import pytest

from lofi_tf.errors import LofiError, LofiWarning, NotConvertible
from lofi_tf.music.files import convert_file, read_music
from lofi_tf.music.midi import read_midi
from lofi_tf.music.midi_markers import read_markers
from tests.midi_builder import meta, midi, off, on, tempo, track

NOTE = [(0, on(60)), (480, off(60))]
SLOW = tempo(1_000_000)  # 60 quarters a minute; 120 where nothing is said


def end_of(sequence):
    return [note.end_time for note in sequence.notes]


@pytest.mark.parametrize(
    ("tracks", "qpms"),
    [
        ([track(), track((0, SLOW), *NOTE)], [60]),
        ([track(*NOTE), track((0, SLOW))], [60]),
        ([track((0, SLOW)), track((0, SLOW), *NOTE), track((0, SLOW))], [60]),
        ([track((0, tempo(500000))), track((0, SLOW), *NOTE)], [60]),
        ([track((0, SLOW)), track((480, tempo(500000)), *NOTE)], [60, 120]),
    ],
)
def test_tempi_count_on_every_track(tracks, qpms):
    sequence = read_midi(midi(*tracks))
    assert [t.qpm for t in sequence.tempos] == qpms
    assert max(end_of(sequence)) in (1.0, 1.5)


def test_tempi_of_other_pieces_do_not_count():
    sequence = read_midi(midi(track(*NOTE), track((0, SLOW), *NOTE), kind=2))
    assert end_of(sequence) == [0.5, 0.5]


def test_markers_have_the_tempo_of_every_track():
    data = midi(track((480, meta(6, "Café".encode()))), track((0, SLOW), *NOTE))
    assert read_markers(data) == [(1.0, "Café")]


def test_metres_and_keys_are_those_of_the_first_track_with_any():
    settings = [(0, meta(0x58, b"\x03\x02\x18\x08")), (0, meta(0x59, b"\x01\x00"))]
    others = [(0, meta(0x58, b"\x05\x02\x18\x08")), (0, meta(0x59, b"\x02\x00"))]
    sequence = read_midi(midi(track(), track(*settings, *NOTE), track(*others)))
    assert [(m.numerator, m.denominator) for m in sequence.time_signatures] == [(3, 4)]
    assert [k.key for k in sequence.key_signatures] == [7]


@pytest.mark.parametrize("payload", [b"\x00\x02\x18\x08", b"\x04", b"", b"\x04\xff\x18\x08"])
def test_metres_that_are_none_are_passed_over(payload):
    sequence = read_midi(midi(track((0, meta(0x58, payload)), *NOTE)))
    assert not sequence.time_signatures
    assert end_of(sequence) == [0.5]


def test_metres_with_more_bytes_are_read():
    sequence = read_midi(midi(track((0, meta(0x58, b"\x03\x02\x18\x08\x00")), *NOTE)))
    assert [(m.numerator, m.denominator) for m in sequence.time_signatures] == [(3, 4)]


@pytest.mark.parametrize(("microseconds", "seconds"), [(1, 1e-6), (0xFFFFFF, 16.777215)])
def test_extreme_tempi_are_what_they_are(microseconds, seconds):
    sequence = read_midi(midi(track((0, tempo(microseconds)), *NOTE)))
    assert end_of(sequence) == pytest.approx([seconds])


def test_more_than_a_day_is_refused():
    quarters = 24 * 60 * 60 * 2
    day = midi(track((0, on(60)), (quarters, off(60))), division=1)
    assert end_of(read_midi(day)) == [86400]
    with pytest.raises(NotConvertible, match="86400 s, a day") as caught:
        read_midi(midi(track((0, on(60)), (quarters + 1, off(60))), division=1))
    assert caught.value.rule == "too_long"


def test_delta_times_of_unknown_meta_events_count():
    sequence = read_midi(midi(track((480, meta(0x0A, b"x")), *NOTE)))
    assert end_of(sequence) == [1.0]


def written(path, data: bytes):
    path.write_bytes(data)
    return path


def test_read_music_tells_what_of_a_file_is_missing(tmp_path):
    path = written(tmp_path / "a.mid", midi(track(*NOTE), track(*NOTE, (0, on(1))))[:-5])
    with pytest.warns(LofiWarning, match=r"a\.mid: the file ends inside track 2 of 2"):
        assert len(read_music(path).notes) == 2
    converted = convert_file(path, "a.mid", "c")
    assert len(converted.sequences) == 1
    assert [problem.rule for problem in converted.problems] == ["truncated"]


def test_read_music_names_file_track_and_event_of_a_damaged_byte(tmp_path):
    path = written(tmp_path / "a.mid", midi(track(), track((480, b"\xb9\x07\xc8"), *NOTE)))
    message = r"a\.mid: track 2: a control change on channel 10 at tick 480, .* 7 and 200$"
    with pytest.raises(LofiError, match=message):
        read_music(path)


@pytest.mark.parametrize("name", ["a.rmi", "a.mid"])
def test_read_music_reads_midi_in_riff(name, tmp_path):
    data = midi(track(*NOTE))
    chunk = b"data" + len(data).to_bytes(4, "little") + data
    riff = b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"RMID" + chunk
    assert end_of(read_music(written(tmp_path / name, riff))) == [0.5]


def test_smpte_time_knows_no_tempi_on_any_track():
    division = -25 * 256 + 40  # a millisecond a tick
    data = midi(track(), track((0, SLOW), (250, on(60)), (500, off(60))), division=division)
    assert [(n.start_time, n.end_time) for n in read_midi(data).notes] == [(0.25, 0.75)]

import struct

import pytest

from lofi_tf.errors import NotConvertible
from lofi_tf.music.midi_events import ESCAPE, META, SYSEX, read_events
from tests.midi_builder import END, control, meta, midi, off, on, tempo, track, varint

NOTE = [(0, on(60)), (480, off(60))]
END_EVENT = (480, META, 0x2F, b"")
NOTE_EVENTS = [(0, 0x90, 60, 90), (480, 0x80, 60, 64), END_EVENT]
SETTINGS = track((0, tempo(400000)))
SETTINGS_EVENTS = [(0, META, 0x51, b"\x06\x1a\x80"), (0, META, 0x2F, b"")]


def resized(chunk: bytes, by: int) -> bytes:
    """A track chunk whose size is wrong by so many bytes."""
    (size,) = struct.unpack(">L", chunk[4:8])
    return chunk[:4] + struct.pack(">L", size + by) + chunk[8:]


def headed(data: bytes, kind: int, count: int, division: int = 480) -> bytes:
    return struct.pack(">4sLHHh", b"MThd", 6, kind, count, division) + data[14:]


def test_read_events_keeps_all_at_their_ticks():
    data = midi(
        track(
            (3, meta(0x0A, b"x")),  # of no known type: mido and Magenta lose its delta time
            (5, b"\xf0\x03\x7e\x7f\xf7"),
            (7, b"\xf7\x01\xfa"),
            (9, control(7, 100)),
            (1, b"\xf8"),
            (2, b"\x07\x50"),  # the running status lasts
            (0, meta(0x7F, b"\x01\x02")),
        ),
        division=96,
    )
    events = read_events(data)
    assert (events.kind, events.division, events.problems) == (1, 96, [])
    assert events.tracks == [
        [
            (3, META, 0x0A, b"x"),
            (8, SYSEX, 0, b"\x7e\x7f\xf7"),
            (15, ESCAPE, 0, b"\xfa"),
            (24, 0xB0, 7, 100),
            (25, 0xF8, 0, b""),
            (27, 0xB0, 7, 0x50),
            (27, META, 0x7F, b"\x01\x02"),
            (27, META, 0x2F, b""),
        ]
    ]


@pytest.mark.parametrize("by", [-4, -3, -2, -1, 1, 2, 3, 100, 10**6])
@pytest.mark.parametrize("wrong", [0, 1])
def test_read_events_of_wrong_sizes_end_with_the_end_of_track(by, wrong):
    tracks = [SETTINGS, track(*NOTE)]
    tracks[wrong] = resized(tracks[wrong], by)
    events = read_events(midi(*tracks))
    assert events.tracks == [SETTINGS_EVENTS, NOTE_EVENTS]
    assert events.problems == []


def test_read_events_bytes_after_the_end_of_track_are_no_music():
    padded = resized(track(*NOTE) + b"\0\0\xf5", 3)
    assert read_events(midi(padded, SETTINGS)).tracks == [NOTE_EVENTS, SETTINGS_EVENTS]


@pytest.mark.parametrize("kind", [0, 1, 5])
@pytest.mark.parametrize(("count", "rules"), [(0, []), (1, []), (2, []), (5, ["missing_tracks"])])
def test_read_events_takes_the_tracks_that_are_there(kind, count, rules):
    events = read_events(headed(midi(SETTINGS, track(*NOTE)), kind, count))
    assert events.tracks == [SETTINGS_EVENTS, NOTE_EVENTS]
    assert [problem.rule for problem in events.problems] == rules


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 6])
def test_read_events_of_a_cut_file_says_so_and_keeps_what_is_there(cut):
    events = read_events(midi(SETTINGS, track(*NOTE))[:-cut])
    whole = NOTE_EVENTS[: 2 if cut <= 4 else 1]
    assert events.tracks == [SETTINGS_EVENTS, whole]
    assert [str(p) for p in events.problems] == ["the file ends inside track 2 of 2"]


@pytest.mark.parametrize(
    "delta", [b"\x8f\xff\xff\xff\x00", b"\x8f\xff\xff\xff\x7f", b"\x81" + 8 * b"\xff" + b"\x7f"]
)
def test_read_events_negative_delta_times_are_zero(delta):
    chunk = track(*NOTE)
    body = delta + chunk[9:]
    data = midi(chunk[:4] + struct.pack(">L", len(body)) + body)
    assert read_events(data).tracks == [NOTE_EVENTS]


def test_read_events_long_ways_to_write_small_delta_times_are_read():
    body = b"\x80\x80\x80\x80\x05" + on(60) + varint(480) + off(60) + b"\0" + END[1]
    events = read_events(midi(b"MTrk" + struct.pack(">L", len(body)) + body)).tracks[0]
    assert [event[0] for event in events] == [5, 485, 485]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            b"\xb9\x07\xff",
            "track 2: a control change on channel 10 at tick 7, .*Received: 7 and 255",
        ),
        (b"\x92\x3c\xc8", "track 2: a note-on on channel 3 at tick 7, .*Received: 60 and 200"),
        (b"\xc0\x90", "track 2: a program change on channel 1 at tick 7, .*Received: 144"),
    ],
)
def test_read_events_names_the_event_with_a_damaged_data_byte(bad, message):
    with pytest.raises(NotConvertible, match=message) as caught:
        read_events(midi(SETTINGS, track((7, bad), *NOTE)))
    assert caught.value.rule == "bad_event"


def riff(data: bytes) -> bytes:
    info = b"LIST" + struct.pack("<L", 5) + b"INFOx\0"
    chunks = b"RMID" + info + b"data" + struct.pack("<L", len(data)) + data
    return b"RIFF" + struct.pack("<L", len(chunks)) + chunks


@pytest.mark.parametrize(
    "wrap",
    [
        riff,
        lambda data: b"\0\x08song.mid".ljust(128, b"\0") + data + b"\0" * 40,
        lambda data: b"\r\n" + data,
        lambda data: b"HTTP/1.1 200 OK\r\nContent-Type: audio/midi\r\n\r\n" + data,
        lambda data: data + b"<html>",
    ],
)
def test_read_events_inside_of_other_files(wrap):
    assert read_events(wrap(midi(SETTINGS, track(*NOTE)))).tracks[1] == NOTE_EVENTS


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"ID3\3\0" + bytes(50), "an MP3 file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a RIFF file without MIDI"),
        (b"\n<html><body>404</body></html>", "a web page or XML"),
        (b"hello", "no MIDI header"),
    ],
)
def test_read_events_says_what_a_file_without_midi_is(data, what):
    with pytest.raises(NotConvertible, match=what):
        read_events(data)

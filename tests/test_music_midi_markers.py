import struct

import pytest

from lofi_tf.music.midi_markers import read_markers, sections_of


def midi_with(*events: bytes) -> bytes:
    """A MIDI file of one track, 100 ticks a quarter note."""
    track = b"".join(events) + b"\x00\xff\x2f\x00"
    head = struct.pack(">4sLHHh", b"MThd", 6, 1, 1, 100)
    return head + struct.pack(">4sL", b"MTrk", len(track)) + track


def test_markers_come_with_their_seconds_through_a_change_of_tempo():
    data = midi_with(
        b"\x00\xff\x06\x05intro",
        b"\x64\xff\x51\x03\x0f\x42\x40",  # after 100 ticks, 60 beats to the minute
        b"\x64\xff\x06\x02\xe9\xe8",
    )
    assert read_markers(data) == [(0.0, "intro"), (1.5, "éè")]


def test_file_without_markers_has_none():
    assert read_markers(midi_with()) == []
    assert sections_of([], 9.0) == []


def test_sections_end_at_the_next_and_chords_begin_none():
    markers = [(0.0, "intro"), (1.0, "Am7"), (2.0, "verse"), (3.0, "N.C."), (9.0, "late")]
    assert sections_of(markers, 9.0) == [("intro", 0.0, 2.0), ("verse", 2.0, 9.0)]


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ("A A B A", "A A B A"),
        ("intro A B C A", "intro A B C A"),
        ("C F G C", ""),  # not in the order of the alphabet
        ("A B Am", ""),
        ("verse A E", "verse"),
    ],
)
def test_letters_in_the_order_of_a_form_are_sections(texts, names):
    markers = [(float(time), text) for time, text in enumerate(texts.split())]
    assert [name for name, _, _ in sections_of(markers, 9.0)] == names.split()

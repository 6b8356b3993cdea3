"""Songs: files of which nothing is lost, their parts, and where their bars lie."""

import struct

import numpy as np
import pytest

from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import REDUCED, swallowed
from lofi_tf.music.song import AFTER, OFF, ON, Added, Song
from lofi_tf.music.song_metre import Clock, sections_of
from lofi_tf.music.song_parts import parts_named, parts_of
from tests import midi_builder as build

QUARTER = 480
HEAD = build.track(
    (0, build.tempo(500_000)), (0, build.meta(0x58, bytes([4, 2, 24, 8]))),
    (0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), (960, build.meta(6, b"Verse")),
    (0, build.meta(0x4B, b"?")),
)  # fmt: skip


def metre(numerator, power):
    return build.meta(0x58, bytes([numerator, power, 24, 8]))


def strikes(*pitches, channel=9, gap=240, name=None, before=()):
    """A track in which pitches, or chords of them, are struck one after the other."""
    events = [(0, build.meta(3, name.encode()))] if name else []
    events += [(0, data) for data in before]
    for pitch in pitches:
        chord = pitch if isinstance(pitch, tuple) else (pitch,)
        events += [(0, build.on(one, channel=channel)) for one in chord]
        events += [(gap * (not n), build.off(one, channel)) for n, one in enumerate(chord)]
    return build.track(*events)


def song_of(*tracks, **others):
    return Song.of_bytes(build.midi(*tracks, **others))


def test_a_song_that_is_not_changed_is_the_same_file():
    running = build.track((0, b"\x99\x24\x64"), (96, b"\x24\x00"), (0, b"\xf7\x02\xf3\x01"))
    other = struct.pack(">4sL", b"XFIH", 3) + b"abc"
    data = build.midi(HEAD, running) + other
    assert Song.of_bytes(data).to_bytes() == data


def test_an_edit_leaves_the_chunks_of_other_tracks():
    running = build.track((0, b"\x90\x24\x64"), (96, b"\x24\x00"))
    song = song_of(HEAD, running, strikes(36, 38))
    (kick, snare) = (note for note in song.notes if note.track == 2)
    changed = song.edited({(2, kick.on): (0, 0x99, 36, 7), (2, snare.off): None})
    data = changed.to_bytes()
    assert HEAD in data and running in data
    again = Song.of_bytes(data)
    assert again.tracks[2][0] == (0, 0x99, 36, 7)
    assert len(again.tracks[2]) == len(song.tracks[2]) - 1


def test_added_events_end_notes_first_and_move_the_end_of_a_track():
    song = song_of(strikes(36))
    added = [Added(0, (240, 0x99, 38, 5), ON), Added(0, (240, 0x89, 38, 0), AFTER),
             Added(0, (0, 0x89, 50, 0), OFF), Added(0, (900, 0xB9, 7, 1), ON)]  # fmt: skip
    events = song.edited({}, added).tracks[0]
    assert [(event[0], event[1]) for event in events] == [
        (0, 0x89), (0, 0x99), (240, 0x89), (240, 0x99), (240, 0x89), (900, 0xB9), (900, 0xFF),
    ]  # fmt: skip


def test_a_note_of_no_length_is_one_and_one_never_let_go_ends_with_the_next():
    track = build.track((0, build.on(60)), (0, build.off(60)), (10, build.on(60)),
                        (30, build.on(60)), (5, build.meta(1, b"x")))  # fmt: skip
    assert [(n.start, n.end, n.off) for n in song_of(track).notes] == [
        (0, 0, 1), (10, 40, None), (40, 45, None),
    ]  # fmt: skip


def test_a_song_at_another_tempo_changes_all_tempi_alike():
    song = song_of(build.track((0, build.tempo(500_000)), (960, build.tempo(250_000))))
    assert [data for _, data in song.at_tempo(60).metas(0x51)] == [
        (10**6).to_bytes(3, "big"), (500_000).to_bytes(3, "big"),
    ]  # fmt: skip


KIT = (36, 42, (38, 42), 42)


@pytest.mark.parametrize(
    ("tracks", "drums"),
    [
        ([strikes(*KIT)], [True]),
        ([strikes(*KIT, channel=0)], [True]),
        ([strikes(*KIT, channel=0), strikes(60, channel=1)], [False, False]),
        ([strikes(*KIT, channel=0, name="Drum Rack"), strikes(60, channel=1)], [True, False]),
        ([strikes(*KIT, channel=0), strikes(36)], [False, True]),
        ([strikes(*KIT, channel=0, before=[build.control(0, 127)])], [True]),
        ([strikes(*KIT, channel=0, before=[build.program(33)])], [False]),
        ([strikes(36, 38, 40, 41, 43, channel=0)], [False]),
        ([strikes(60, 62, 64, channel=0, name="Drums")], [False]),
    ],
)
def test_drums_are_known_by_channel_bank_name_or_how_they_are_struck(tracks, drums):
    assert [part.is_drum for part in parts_of(song_of(*tracks))] == drums


def test_parts_are_named_and_numbered_as_people_do():
    song = song_of(HEAD, strikes(60, channel=0, name="Bass"), strikes(36), strikes(42, name="Hats"))
    parts = parts_of(song)
    assert [part.key for part in parts] == [(1, 0), (2, 9), (3, 9)]
    assert [part.number for part in parts_named(parts, "hats")] == [3]
    assert [part.number for part in parts_named(parts, 2)] == [2]
    assert [part.number for part in parts_named(parts, "drums")] == [2, 3]
    with pytest.raises(LofiError, match="Did you mean 'Bass'.*2 without a name .drums, 1 note."):
        parts_named(parts, "bas")


def test_percussion_that_would_come_back_as_kit_is_known():
    assert swallowed(REDUCED, [36, 38, 39, 42, 54, 70]) == {39, 54, 70}
    assert swallowed(REDUCED, [36, 39, 42]) == frozenset()  # its clap is its snare
    assert swallowed(REDUCED, [60, 62]) == frozenset()  # it has drums of its own
    assert swallowed([(36,), (70,)], [36, 70]) == frozenset()


@pytest.mark.parametrize(
    ("events", "sections"),
    [
        ([], [("4/4", 0, 1, 4)]),
        ([(1, metre(4, 2))], [("4/4", 0, 1, 4)]),  # a tick late
        ([(0, metre(4, 2)), (1920, metre(4, 2))], [("4/4", 0, 1, 4)]),  # said again
        ([(0, metre(0, 2))], [("4/4", 0, 1, 4)]),
        ([(0, metre(1, 2)), (480, metre(4, 2))], [("4/4", 0, 1, 5)]),  # a pick-up
        ([(0, metre(3, 2)), (2880, metre(4, 2))], [("3/4", 0, 1, 2), ("4/4", 2880, 3, 3)]),
    ],
)
def test_sections_are_stretches_of_one_metre(events, sections):
    now, deltas = 0, []
    for tick, data in events:
        deltas.append((tick - now, data))
        now = tick
    song = song_of(build.track(*deltas), build.track((7680, build.on(36, channel=9))))
    found = sections_of(song)
    assert [(s.metre, s.start, s.first_bar, s.num_bars) for s in found] == sections
    assert [s.lead for s in found][0] == (1440 if sections[0][3] == 5 else 0)


@pytest.mark.parametrize(
    ("numerator", "power", "quarters"),
    [
        (4, 2, [0, 3.9, 4]),
        (2, 2, [0, 3.9, 4]),  # two bars make one
        (8, 3, [0, 3.9, 4]),
        (8, 2, [0, 3.9, 4]),  # one bar is two
        (3, 2, [0, 4.9, 5]),  # each bar is the beginning of one
        (6, 3, [0, 4.9, 5]),
        (12, 3, [0, 4.9, 5]),
        (5, 2, [0, 3.9, 4]),
    ],
)
def test_ticks_are_times_of_bars_of_four_quarters_and_come_back(numerator, power, quarters):
    song = song_of(build.track((0, metre(numerator, power)), (9600, build.meta(1, b"x"))))
    (section,) = sections_of(song)
    clock = Clock.of(section, QUARTER, 4, 4)
    ticks = np.array([0, 3.9 * QUARTER, 4 * QUARTER])
    np.testing.assert_allclose(clock.quarters(ticks), quarters)
    back, there = clock.ticks(clock.quarters(ticks))
    np.testing.assert_allclose(back, ticks)
    assert there.all()


def test_what_falls_into_the_silence_after_a_bar_of_three_is_not_there():
    song = song_of(build.track((0, metre(3, 2)), (2880, build.meta(1, b"x"))))
    clock = Clock.of(sections_of(song)[0], QUARTER, 4, 4)
    ticks, there = clock.ticks(np.array([3.5, 3.95]))
    assert there.tolist() == [False, True]
    np.testing.assert_allclose(ticks, [1440, 1440 - 24])


def test_steps_that_do_not_fit_a_metre_are_refused():
    song = song_of(build.track((0, metre(5, 5)), (2880, build.meta(1, b"x"))))
    assert Clock.of(sections_of(song)[0], QUARTER, 4, 4) is None

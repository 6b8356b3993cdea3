"""Notes in beats, out of files and into them."""

import dataclasses

import pytest

from lofi_tf.music.midi_events import META
from lofi_tf.music.song import Song
from lofi_tf.studio.clips import about_song
from lofi_tf.studio.notes import metre_of, notes_of, song_of, with_notes
from lofi_tf.studio.shapes import Clip, Notes
from tests.midi_builder import bend, control, meta, midi, off, on, program, tempo, track
from tests.studio_server import BEAT

SONG = midi(
    track((0, tempo(600_000)), (0, meta(0x58, b"\x04\x02\x18\x08")), (0, meta(0x06, b"verse"))),
    track(
        (0, meta(0x03, b"Bass")), (0, program(33)), (0, control(7, 90)), (0, on(40)),
        (480, off(40)), (0, bend(100)), (0, on(43)), (480, off(43)), (0, on(40)), (960, off(40)),
    ),
    track(
        (0, meta(0x03, b"Drums")), (0, on(36, 100, 9)), (240, off(36, 9)), (720, on(38, 90, 9)),
        (240, off(38, 9)), (720, meta(0x01, b"text")),
    ),
)  # fmt: skip


def clip_of(song):
    about = about_song(song)
    return Clip(id="c1", name="x", tool=None, created="", file="clips/0001-x.mid", **about)


def changed(data, change):
    """A file with the notes that a change makes of its own."""
    song = Song.of_bytes(data)
    notes = notes_of(song, about_song(song)).model_dump(mode="json")
    change(notes)
    return with_notes(song, Notes.model_validate(notes), clip_of(song))


def test_notes_are_told_in_beats_by_parts():
    song = Song.of_bytes(SONG)
    notes = notes_of(song, about_song(song))
    assert (notes.qpm, notes.beats, notes.beats_per_bar) == (100.0, 4.0, 4.0)
    assert [(t.name, t.part, t.program, t.is_drum) for t in notes.tracks] == [
        ("Bass", "bass", 33, False),
        ("Drums", "drums", 0, True),
    ]
    assert notes.tracks[0].notes == [(0, 1, 40, 90), (1, 1, 43, 90), (2, 2, 40, 90)]


def test_a_clip_is_told_by_its_file():
    about = about_song(Song.of_bytes(SONG))
    told = {name: about[name] for name in ("part", "qpm", "bars", "beats", "seconds", "sections")}
    assert told == {
        "part": "song", "qpm": 100.0, "bars": 1, "beats": 4.0, "seconds": 2.4,
        "sections": [(0.0, "verse")],
    }  # fmt: skip


def test_the_same_notes_are_the_same_file():
    assert changed(SONG, lambda notes: None).to_bytes() == SONG


def test_a_changed_note_leaves_every_other_event():
    def louder(notes):
        notes["tracks"][0]["notes"][1][3] = 30

    after, before = changed(SONG, louder), Song.of_bytes(SONG)
    assert after.tracks[0] == before.tracks[0] and after.tracks[2] == before.tracks[2]
    old, new = set(before.tracks[1]), set(after.tracks[1])
    assert old - new == {(480, 0x90, 43, 90)} and new - old == {(480, 0x90, 43, 30)}


def test_notes_go_move_and_come():
    def change(notes):
        rows = notes["tracks"][1]["notes"]
        rows[0][0] = 0.25
        rows[1:] = [[3.5, 0.25, 42, 60]]

    after = changed(SONG, change)
    told = notes_of(after, about_song(after)).tracks
    assert told[1].notes == [(0.25, 0.5, 36, 100), (3.5, 0.25, 42, 60)]
    assert told[0].notes == [(0, 1, 40, 90), (1, 1, 43, 90), (2, 2, 40, 90)]


def test_a_track_that_is_left_out_loses_its_notes_and_a_new_one_gets_its_name():
    def change(notes):
        del notes["tracks"][0]
        notes["tracks"].append(
            {"name": "x", "part": "melody", "program": 5, "notes": [[0.0, 1.0, 60, 80]]}
        )

    after = changed(SONG, change)
    told = notes_of(after, about_song(after)).tracks
    assert [(t.name, t.program, len(t.notes)) for t in told] == [
        ("Drums", 0, 2),
        ("electric_piano_2", 5, 1),
    ]


@pytest.mark.parametrize("beats", [4, 8, 12])
def test_a_loop_may_end_in_silence(beats):
    notes = Notes.model_validate({**BEAT, "beats": beats, "tracks": []} | {"qpm": 90.0})
    hit = {"name": "Drums", "part": "drums", "is_drum": True, "notes": [[0.0, 0.25, 36, 100]]}
    song = song_of(Notes.model_validate({**notes.model_dump(mode="json"), "tracks": [hit]}))
    assert about_song(song)["beats"] == beats


@pytest.mark.parametrize("beats", [4, 8, 16])
def test_another_length_is_kept(beats):
    data = song_of(Notes.model_validate(BEAT)).to_bytes()

    def change(notes):
        notes["beats"] = beats
        notes["tracks"][0]["notes"] = [[0.0, 0.25, 36, 100]]

    assert about_song(changed(data, change))["beats"] == beats


def test_another_tempo_is_kept():
    def slower(notes):
        notes["qpm"] = 50.0

    assert about_song(changed(SONG, slower))["qpm"] == 50.0


def test_an_end_that_is_on_no_bar_line_is_none_of_the_loop():
    song = Song.of_bytes(SONG)
    ends = tuple((*t[:-1], (t[-1][0] + 100, META, 0x2F, b"")) for t in song.tracks)
    assert about_song(dataclasses.replace(song, tracks=ends, chunks=None))["beats"] == 4.0


@pytest.mark.parametrize(
    ("quarters", "metre"),
    [(4.0, (4, 4)), (3.0, (3, 4)), (1.5, (3, 8)), (3.5, (7, 8)), (0.25, (1, 16)), (0.3, (4, 4))],
)
def test_bars_of_so_many_quarters_have_a_metre(quarters, metre):
    assert metre_of(quarters) == metre

"""Modes on songs: the part changes, every other event stays, as mido reads the files."""

import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.api import songs
from lofi_tf.api.grooves import sequence_model
from lofi_tf.errors import LofiError
from lofi_tf.generation.song_stretches import longest_stretch
from lofi_tf.music.files import read_song
from lofi_tf.music.song import Song
from tests import midi_builder as build
from tests.mirrors import mirror
from tests.song_check import compare

Q = 480  # ticks a quarter
HATS, SHAKER, CLAPS = 42, 70, 39
MODES = {
    "humanize": ("groovae_2bar_humanize", {}),
    "groove_transfer": ("groovae_2bar_hits_control_tfds", {}),
    "add_hihats": ("groovae_2bar_add_closed_hh", {}),
    "tap2drum": ("groovae_2bar_tap_fixed_velocity", {}),
    "vary": ("groovae_4bar", {}),
    "reconstruct": ("groovae_4bar", {}),
    "infill": ("groovae_4bar", {"bars": "2"}),
    "continue_": ("groovae_4bar", {"length_bars": 2}),
}
SMALL = {"groovae_4bar": "converter.split_bars=2,max_seq_len=32"}


def timed(*events):
    """A track of (tick, event bytes)."""
    now, found = 0, []
    for tick, data in sorted(events, key=lambda one: one[0]):
        found.append((tick - now, data))
        now = tick
    return build.track(*found)


def notes(*hits, channel=9):
    """The events of (tick, pitch[, velocity[, ticks long]]) notes."""
    for tick, pitch, *more in hits:
        velocity, length = (*more, *(100, 60)[len(more) :])
        yield tick, build.on(pitch, velocity, channel)
        yield tick + length, build.off(pitch, channel)


def beat(num_bars, quarters=4, first=0):
    """Kick and snare in quarters from a tick on."""
    ticks = range(first, first + num_bars * quarters * Q, Q)
    return [(tick, 36 + 2 * (n % 2), 80 + n % 7) for n, tick in enumerate(ticks)]


def head(*events, metre=(4, 2)):
    return timed(
        (0, build.meta(3, b"Song")), (0, build.meta(0x58, bytes([*metre, 24, 8]))),
        (0, build.tempo(600_000)), (0, build.meta(0x59, b"\x02\x00")),
        (0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), (960, build.meta(6, b"Verse")),
        (1920, build.tempo(500_000)), (2000, build.meta(5, b"la")), *events,
    )  # fmt: skip


def lead():
    line = [(n * Q, 60 + n % 5, 90, Q) for n in range(16)]
    settings = [(0, build.meta(3, b"Lead")), (0, build.program(5)), (480, build.bend(300)),
                (960, build.control(7, 90))]  # fmt: skip
    return timed(*settings, *notes(*line, channel=0))


def kit(*hits, name=b"Kit"):
    settings = [(0, build.meta(3, name)), (30, build.control(11, 100, 9))]
    return timed(*settings, *notes(*hits))


SONG = (
    head(),
    lead(),
    kit(*beat(4)),
    kit(*((n * Q // 2, HATS) for n in range(32)), *((n * Q, SHAKER) for n in range(16)),
        name=b"Hats"),
)  # fmt: skip


def run(mode, tracks=SONG, change=None, of=None, **options):
    """Returns what a mode over a mirror makes of a song."""
    name, wishes = MODES[mode]
    backend = mirror(of or name, SMALL.get(of or name, ""), change)
    song = Song.of_bytes(build.midi(*tracks))
    how = generation.GenerationConfig(seed=1, temperature=0.0)
    before = [longest_stretch(backend, mode, song)] if mode == "groove_transfer" else []

    def verb(piece, number, **given):
        its = generation.how_of_stretch(how, number)
        return getattr(generation, mode)(backend, *before, piece, 1, its, **given)

    return song, generation.change_song(backend, mode, song, verb, **{**wishes, **options})


def checked(song, found, tmp_path):
    """Compares a song with what became of it; returns what is told of the part."""
    paths = tmp_path / "before.mid", tmp_path / "after.mid"
    song.write(paths[0])
    found.songs[0].write(paths[1])
    new = range(len(song.tracks), len(found.songs[0].tracks))
    told = compare(*paths, found.keys, set(new))
    assert not told.lost and not told.added
    return told


def hits(song, *pitches):
    return [(n.start, n.pitch, n.velocity) for n in song.notes if n.pitch in pitches]


def pairs(song, played):
    """The notes of two songs that have the same ones, of each track, channel and pitch in order."""
    return zip(*(sorted(one.notes, key=lambda note: (note.track, note.channel, note.pitch,
                                                     note.start)) for one in (song, played)),
               strict=True)  # fmt: skip


def later(outputs, given):
    """A change of a groove model: every hit a quarter of a step late, and softer."""
    found, third = outputs.copy(), outputs.shape[2] // 3
    found[:, :, third : 2 * third] = 0.5
    found[:, :, 2 * third :] = -0.5
    return found


@pytest.mark.parametrize("mode", MODES)
def test_all_events_but_the_notes_of_the_part_stay(mode, tmp_path):
    song, found = run(mode, change=later)
    told = checked(song, found, tmp_path)
    assert found.keys == {(2, 9), (3, 9)}
    assert told.notes_before == 64 and told.kept > 50
    assert hits(found.songs[0], SHAKER) == hits(song, SHAKER)
    assert found.songs[0].tracks[1] == song.tracks[1]


def test_hits_that_are_played_keep_their_tracks_and_move_by_musical_time():
    song, found = run("humanize", change=later)
    (played,) = found.songs
    for before, after in pairs(song, played):
        late = 30 if before.channel == 9 and before.pitch != SHAKER else 0
        assert (after.track, after.start - before.start) == (before.track, late)
        assert after.end - after.start == before.end - before.start


def test_new_hits_go_to_the_track_that_plays_their_drum_at_its_pitch():
    def crash(outputs, given):
        found = np.zeros_like(outputs)
        found[:, :, [0, 2, 7]] = 1
        return found

    song, found = run("reconstruct", (head(), kit((0, 35), (Q, 49), (4 * Q, 35)),
                                      kit((0, 44), (7 * Q, 44), name=b"Hats")), crash)  # fmt: skip
    played = {(note.track, note.pitch) for note in found.songs[0].notes}
    assert played == {(1, 35), (1, 49), (2, 44)}


def test_claps_and_shakers_beside_a_kit_stay_where_hihats_are_replaced():
    tracks = head(), kit(*beat(2), (0, HATS), (30, SHAKER), (Q, CLAPS), (3 * Q, 54))
    song, found = run("add_hihats", tracks)
    (fuller,) = found.songs
    stays = (SHAKER, CLAPS, 54, 36, 38)
    assert hits(fuller, *stays) == hits(song, *stays)


def test_bars_of_other_metres_are_worked_on_and_told(tmp_path):
    change = [(3840, build.meta(0x58, bytes([3, 2, 24, 8])))]
    tracks = head(*change), lead(), kit(*beat(2), *beat(4, 3, first=3840))
    song, found = run("humanize", tracks, later)
    checked(song, found, tmp_path)
    moves = [after.start - before.start for before, after in pairs(song, found.songs[0])
             if before.channel == 9]  # fmt: skip
    assert moves == [30] * 20
    assert found.told == [
        "bars 3-6 in 3/4: groovae_2bar_humanize plays bars of 4/4, and reads each bar as the "
        "beginning of one"
    ]


def test_a_metre_without_a_place_on_the_grid_stays_and_is_told(tmp_path):
    change = [(3840, build.meta(0x58, bytes([5, 5, 24, 8])))]
    tracks = head(*change), kit(*beat(2), (3840, 36), (3900, 38))
    song, found = run("vary", tracks)
    checked(song, found, tmp_path)
    assert hits(found.songs[0], 36, 38)[-2:] == hits(song, 36, 38)[-2:]
    told = "bar 3 in 5/32 stays as it is: groovae_4bar plays in steps of 1/16"
    assert told in found.told


def test_two_bars_of_two_four_are_one_and_what_follows_comes_after_the_last(tmp_path):
    song, found = run("continue_", (head(metre=(2, 2)), kit(*beat(3, 2))), length_bars=2)
    checked(song, found, tmp_path)
    new = [note for note in found.songs[0].notes if note not in song.notes]
    assert min(note.start for note in new) > 7.75 * Q
    assert max(note.start for note in found.songs[0].notes) < 12 * Q


def test_infill_draws_the_bars_of_the_song(tmp_path):
    def nothing(outputs, given):
        return np.zeros_like(outputs)

    pickup = [(Q, build.meta(0x58, bytes([4, 2, 24, 8])))]
    tracks = head(*pickup, metre=(1, 2)), kit((0, 38), *beat(2, first=Q))
    song, found = run("infill", tracks, nothing, bars="2")
    left = [tick for tick, *_ in hits(found.songs[0], 36, 38)]
    assert left == [0, *range(5 * Q, 9 * Q, Q)]
    with pytest.raises(LofiError, match="of the music, 1 to 3. Received: 4"):
        run("infill", tracks, bars="4")


def early(outputs, given):
    found, third = outputs.copy(), outputs.shape[2] // 3
    found[:, :, 2 * third :] = 0.5
    return found


def test_what_a_loop_plays_ahead_of_the_file_is_at_its_end():
    song, found = run("humanize", (head(), kit(*beat(2))), change=early)
    played = [(note.pitch, note.start) for note in found.songs[0].notes]
    moved = [(note.pitch, (note.start - 30) % (8 * Q)) for note in song.notes]
    assert sorted(played) == sorted(moved) and found.told == []
    assert max(note.end for note in found.songs[0].notes) <= 8 * Q


def test_a_loop_that_is_played_later_ends_where_it_did():
    last, rings = (8 * Q - 60, HATS, 90, 60), (7 * Q, 49, 90, 2 * Q)  # the crash ends at 9 Q
    song, found = run("humanize", (head(), kit(*beat(1), last, rings)), later)
    ends = {note.pitch: note.end for note in found.songs[0].notes}
    starts = {after.start - before.start for before, after in pairs(song, found.songs[0])}
    assert max(starts) > 0 and (ends[HATS], ends[49]) == (8 * Q, 9 * Q)


def test_a_hit_that_is_played_after_a_loop_is_at_its_beginning():
    _, found = run("humanize", (head(), kit(*beat(2), (8 * Q - 10, HATS, 90, 10))), later)
    ((start, end),) = [(n.start, n.end) for n in found.songs[0].notes if n.pitch == HATS]
    assert 0 <= start < 60 and end > start
    assert max(note.start for note in found.songs[0].notes) < 8 * Q


def test_a_part_ahead_of_the_file_is_moved_as_a_whole():
    song, found = run("humanize", change=early)
    moves = {after.start - before.start
             for before, after in pairs(song, found.songs[0])
             if before.channel == 9 and before.pitch != SHAKER}  # fmt: skip
    assert moves == {0}
    told = "notes up to 30 ticks ahead of the file's beginning: what is played begins later by it"
    assert found.told == [told]


@pytest.mark.parametrize("mode", ["humanize", "vary", "reconstruct"])
def test_a_model_changes_a_song_as_the_command_does(mode):
    """What is played ahead of a stretch stays ahead of it: methods of models make loops else."""
    waltz = build.meta(0x58, bytes([3, 2, 24, 8]))
    tracks = head((8 * Q, waltz)), lead(), kit(*beat(2), *beat(2, 3, 8 * Q))
    song, found = run(mode, tracks, early)
    model = sequence_model(mirror(MODES[mode][0], SMALL.get(MODES[mode][0], ""), early))
    options = {"num_outputs": 1} if mode == "vary" else {}
    made = songs.Song(song).changed(getattr(model, mode), seed=1, temperature=0.0, **options)
    (made,) = made if isinstance(made, list) else [made]
    assert made.file.notes == found.songs[0].notes != song.notes


def test_notes_of_no_length_and_layers_stay(tmp_path):
    layers = (head(), kit(*beat(2), (Q, 38, 50, 0), (Q + 20, 38, 40, 0), (2 * Q, 36, 1, 5)))
    song, found = run("humanize", layers, later)
    checked(song, found, tmp_path)
    assert len(found.songs[0].notes) == len(song.notes) == 11
    song, found = run("continue_", layers)
    assert [note for note in found.songs[0].notes if note.start < 7.75 * Q] == list(song.notes)


def test_a_song_without_drums_is_told_and_a_track_taken_as_drums():
    with pytest.raises(LofiError, match="it has no drums, .*1 Lead .program 5, 16 notes"):
        run("humanize", (head(), lead()))
    song, found = run("humanize", (head(), lead()), later, track="Lead")
    assert found.keys == {(1, 0)}
    assert found.songs[0].notes[1].start == song.notes[1].start + 30


def test_a_tapped_melody_stays_and_its_beat_gets_a_track(tmp_path):
    song, found = run("tap2drum", (head(), lead()))
    checked(song, found, tmp_path)
    assert found.keys == {(1, 0), (2, 9)}
    assert [note for note in found.songs[0].notes if note.track == 1] == list(song.notes)
    assert {note.channel for note in found.songs[0].notes if note.track == 2} == {9}


def test_tracks_of_a_trio_get_their_parts_and_other_tracks_stay(tmp_path):
    bass = timed((0, build.program(33, 1)), *notes(*((n * Q, 40, 70, Q) for n in range(64)),
                                                   channel=1))  # fmt: skip
    pad = timed((0, build.program(4, 2)), *notes(*((n * 4 * Q, p) for n in range(16)
                                                   for p in (60, 64, 67)), channel=2))  # fmt: skip
    tune = timed(*notes(*((n * Q, 70 + n % 3, 90, Q) for n in range(64)), channel=3))
    tracks = head(), pad, tune, bass, kit(*beat(16))
    song, found = run("reconstruct", tracks, of="flat-trio_16bar")
    told = checked(song, found, tmp_path)
    assert found.keys == {(2, 3), (3, 1), (4, 9)}
    assert found.songs[0].tracks[1] == song.tracks[1]
    assert told.notes_after == told.notes_before == 3 * 64


def test_chords_of_a_score_are_exchanged_and_its_melody_stays(tmp_path):
    (tmp_path / "tune.abc").write_text(
        "X:1\nM:4/4\nL:1/4\nK:C\n" + '"C"C D E F | "F"F G A B | "G"G A B c | "C"c4 |\n' * 2
    )
    song, backend = read_song(tmp_path / "tune.abc"), mirror("lofi_chords")

    def infill(piece, number, bars):
        return generation.infill(backend, piece, 1, bars=bars)

    found = generation.change_song(backend, "infill", song, infill, bars="2")
    before, after = (
        [(event[0], event[3]) for event in one.tracks[1] if event[2] == 1]
        for one in (song, found.songs[0])
    )
    bar = range(880, 1760)
    assert (880, b"F") in before and (880, b"F") not in after
    rest = [[chord for chord in one if chord[0] not in bar] for one in (before, after)]
    assert rest[0] == rest[1] != []
    melody = [note for note in found.songs[0].notes if note.track == 2]
    assert melody == list(song.notes)


def test_a_file_of_one_track_stays_one(tmp_path):
    mixed = timed((0, build.program(3)), *notes(*beat(2)), *notes((0, 60, 90, Q), channel=0))
    song = Song.of_bytes(build.midi(mixed, kind=0))
    backend = mirror("groovae_2bar_tap_fixed_velocity")

    def verb(piece, number):
        return generation.tap2drum(backend, piece, 1)

    found = generation.change_song(backend, "tap2drum", song, verb, track=2)
    checked(song, found, tmp_path)
    assert found.songs[0].kind == 0 and len(found.songs[0].tracks) == 1


def test_a_line_gets_back_its_track_program_and_loudness(tmp_path):
    song, found = run("reconstruct", of="cat-mel_2bar_small")
    told = checked(song, found, tmp_path)
    assert found.keys == {(1, 0)}
    assert told.notes_after and {note.velocity for note in found.songs[0].notes[:10]} == {90}


def test_the_part_alone_has_settings_and_its_own_track():
    _, found = run("humanize")
    alone = found.songs[0].only(found.keys)
    assert {note.channel for note in alone.notes} == {9}
    assert [len(track) > 8 for track in alone.tracks] == [True, True, True]
    assert alone.metas(0x51) == found.songs[0].metas(0x51)


def test_modes_that_are_none_and_songs_without_notes_are_told():
    with pytest.raises(LofiError, match="it has no notes"):
        run("vary", (head(),))
    backend = mirror("groovae_4bar", SMALL["groovae_4bar"])
    song = Song.of_bytes(build.midi(*SONG))
    with pytest.raises(LofiError, match="unknown mode. Did you mean 'humanize'"):
        generation.change_song(backend, "humanise", song, None)
    with pytest.raises(LofiError, match="groovae_4bar was not made for humanize"):
        generation.change_song(backend, "humanize", song, None)

"""Any song as a lo-fi track: what is kept, what is added, and where it lies."""

import numpy as np
import pytest

from lofi_tf.cli.render import main
from lofi_tf.composing.arranging import arrange
from lofi_tf.composing.chords import chord_of
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.planning import PlanOptions, moods
from lofi_tf.composing.song_bass import clear_of
from lofi_tf.composing.song_chords import SongChord, song_chords
from lofi_tf.composing.song_drums import at_bars, firm
from lofi_tf.composing.song_keys import with_colour
from lofi_tf.composing.song_roles import notes_of, song_parts
from lofi_tf.composing.song_time import TrackBar, song_time
from lofi_tf.composing.step_notes import Note
from lofi_tf.errors import LofiError
from lofi_tf.music.chord_qualities import NUM_QUALITIES
from lofi_tf.music.files import read_music
from lofi_tf.music.midi import write_midi
from lofi_tf.rendering.track_events import KICKS
from tests.songs import song, with_drums

ON_TIME = 0.02  # seconds
WISHES = PlanOptions(mood="warm", swing=0.5)


@pytest.fixture(scope="module")
def players():
    return Players()


@pytest.fixture(scope="module")
def track(players):
    return arrange(song(24, late=1.1, first_sung=4), 3, WISHES, players)


def part(track, name):
    names = {info.name: info.instrument for info in track.piece.instrument_infos}
    return [note for note in track.piece.notes if note.instrument == names.get(name)]


def bar_seconds(track):
    return 4 * 60 / track.plan.qpm


def test_the_melody_is_kept_note_for_note(track):
    piece = song(24, late=1.1, first_sung=4)
    wanted = [note.pitch for note in piece.notes if note.instrument == 0]
    assert [note.pitch for note in part(track, "melody")] == wanted


def test_notes_keep_their_place_in_the_bar(track):
    first = part(track, "melody")[0]
    assert first.start_time == pytest.approx(4 * bar_seconds(track), abs=0.01)


def test_what_is_lacking_is_added(track):
    assert track.added == ("drums", "bass")
    assert part(track, "drums") and part(track, "bass")


def test_kicks_begin_with_the_bars_of_the_song(track):
    kicks = np.array([note.start_time for note in part(track, "drums") if note.pitch in KICKS])
    lines = bar_seconds(track) * np.arange(4, 23)
    nearest = np.abs(kicks[:, None] - lines).min(0)
    heard = nearest < 60 / track.plan.qpm / 8
    assert heard.sum() >= len(lines) / 2 and nearest[heard].max() <= ON_TIME


def test_a_bass_begins_bars_with_their_chords(track):
    roots = [0, 9, 5, 7]
    places = [(n.start_time / bar_seconds(track), n.pitch % 12) for n in part(track, "bass")]
    firsts = {round(bar): tone for bar, tone in places if abs(bar - round(bar)) < 0.02}
    assert len(firsts) > 18 and all(roots[bar % 4] == tone for bar, tone in firsts.items())


def test_drums_enter_with_the_melody_and_fills_lead_to_sections(track):
    assert track.plan.sections[0].name == "intro" and track.plan.sections[0].bars == 4
    drums = min(note.start_time for note in part(track, "drums"))
    assert 3.4 * bar_seconds(track) < drums < 4.1 * bar_seconds(track)
    assert all(section.fill for section in track.plan.sections[:-1])


def test_the_tempo_comes_down_to_the_mood(track):
    assert track.plan.qpm == moods()["warm"]["qpm"][1]
    assert "120 to 84 quarters a minute" in track.told


def test_the_same_seed_is_the_same_file_and_another_is_not(track, players):
    again, other = (arrange(song(24, late=1.1, first_sung=4), s, WISHES, players) for s in (3, 4))
    assert track.to_bytes() == again.to_bytes() != other.to_bytes()


@pytest.mark.parametrize(
    ("qpm", "asked", "tempo", "quarters"),
    [(72.0, None, 72.0, 1), (100.0, None, 84.0, 1), (150.0, None, 75.0, 2), (40.0, None, 80.0, 0.5),
     (120.0, 90.0, 90.0, 1)],
)  # fmt: skip
def test_tempi_are_brought_to_lofi(qpm, asked, tempo, quarters):
    time = song_time(song(8, qpm=qpm), (74, 84), asked)
    assert (time.qpm, time.quarters) == (tempo, quarters)


def test_bars_of_a_fast_song_are_joined():
    time = song_time(song(8, qpm=150.0), (74, 84))
    assert [(bar.start, bar.steps) for bar in time.bars] == [(16.0 * n, 16.0) for n in range(4)]


def test_fast_bars_of_three_beats_are_six_eighths():
    time = song_time(song(8, beats=3, qpm=180.0), (74, 84))
    assert {(bar.numerator, bar.denominator, bar.steps) for bar in time.bars} == {(6, 8, 12.0)}


def test_a_tempo_map_becomes_one_tempo(players):
    piece = song(16, qpm=80.0, tempos=[(20.0, 70.0), (41.0, 84.0)])
    track = arrange(piece, 1, WISHES, players)
    assert [tempo.qpm for tempo in track.piece.tempos] == [track.plan.qpm]
    beats = np.array([note.start_time for note in part(track, "melody")]) * track.plan.qpm / 60
    np.testing.assert_allclose(2 * beats, np.rint(2 * beats), atol=1e-6)


def test_drums_of_a_song_stay_its_own(players):
    piece = with_drums(song(8))
    track = arrange(piece, 1, WISHES, players)
    assert track.added == ("bass",)
    assert len(part(track, "drums")) == sum(note.is_drum for note in piece.notes)


def test_bars_of_three_beats_have_drums_in_them(players):
    track = arrange(song(16, beats=3, qpm=80.0), 1, WISHES, players)
    assert "drums" in track.added and "cut to 3/4" in track.told
    kicks = [note.start_time for note in part(track, "drums") if note.pitch in KICKS]
    lines = 3 * 60 / 80 * np.arange(16)
    assert sum(min(abs(kick - line) for kick in kicks) <= ON_TIME for line in lines) >= 8


def test_a_metre_without_drums_is_told(players):
    track = arrange(song(8, beats=5, qpm=80.0), 1, WISHES, players)
    assert "drums" not in track.added and "no drums in 5/4" in track.told


def test_swing_moves_every_second_sixteenth_and_asks_no_song_that_swings(players):
    straight, own = song(8, qpm=80.0), song(8, qpm=80.0)
    for note in own.notes:
        quarter = note.start_time * 80 / 60
        if quarter % 1 == 0.5:
            note.start_time += 60 / 80 / 6
    assert arrange(straight, 1, PlanOptions(mood="warm"), players).plan.swing > 0.5
    assert arrange(own, 1, PlanOptions(mood="warm"), players).plan.swing == 0.5


def test_chords_that_are_named_are_those_that_are_played():
    piece = song(4)
    for bar, figure in enumerate(("Dm7", "G7", "C/E", "N.C.")):
        piece.text_annotations.add(text=figure, time=2.0 * bar, annotation_type=1)
    time = song_time(piece, (74, 84))
    chords, guessed = song_chords(piece, time, notes_of(song_parts(piece, time), "melody"))
    assert not guessed
    assert [(c.start, c.end, c.chord // NUM_QUALITIES, c.bass) for c in chords] == [
        (0.0, 16.0, 2, 2), (16.0, 32.0, 7, 7), (32.0, 48.0, 0, 4)
    ]  # fmt: skip


def test_a_held_bass_note_below_a_half_step_becomes_the_chords():
    chords = [SongChord(0, 16, 0, 0)]
    heard = [Note(0, 16, 60, 64), Note(0, 16, 65, 64)]
    bass = [Note(0, 4, 36, 80), Note(4, 12, 40, 80), Note(12, 13, 40, 80)]
    assert [note.pitch for note in clear_of(bass, chords, heard)] == [36, 36, 40]


@pytest.mark.parametrize(
    ("root", "plain", "heard", "found"),
    [(0, "", (4, 7), "maj9"), (0, "", (0, 4), "6/9"), (9, "m", (9, 4), "m9"), (4, "m", (4,), "m7"),
     (7, "7", (2,), "9"), (7, "", (11,), "6/9"), (2, "7", (2,), "9"), (0, "", (0, 1, 10), "")],
)  # fmt: skip
def test_plain_chords_have_the_colour_that_the_song_bears(root, plain, heard, found):
    assert with_colour(chord_of(root, plain), heard) == chord_of(root, found)


def test_kicks_are_not_much_softer_than_snares():
    hits = [Note(0, 1, 36, 40), Note(4, 5, 38, 100), Note(8, 9, 36, 60), Note(12, 13, 38, 100)]
    assert [note.velocity for note in firm(hits)] == [64, 100, 96, 100]


def test_a_bass_ends_with_the_last_chord_through_the_last_bar(track):
    last = part(track, "bass")[-1]
    assert last.pitch % 12 == 7 and last.start_time == pytest.approx(23 * bar_seconds(track))
    assert last.end_time == pytest.approx(24 * bar_seconds(track))


def test_six_eighths_have_their_snare_on_the_second_beat():
    bars = [TrackBar(0.0, 12.0, 6, 8), TrackBar(12.0, 12.0, 6, 8)]
    hits = [Note(16.0 * bar + step, 16.0 * bar + step + 1, pitch, 90)
            for bar in range(2) for step, pitch in ((0, 36), (4, 38))]  # fmt: skip
    found = [(note.start, note.pitch) for note in at_bars(hits, bars)]
    assert found == [(0.0, 36), (6.0, 38), (12.0, 36), (18.0, 38)]


def test_music_without_notes_is_refused(players):
    piece = song(1)
    del piece.notes[:]
    with pytest.raises(LofiError, match="the music has no notes"):
        arrange(piece, 1, WISHES, players)


def test_the_command_says_what_it_did_and_writes_the_notes(tmp_path, capsys):
    write_midi(song(4), tmp_path / "song.mid")
    flags = ["--lofi", "--mood=calm", "--qpm=76", "--swing=0.6", "--sample_rate=8000"]
    assert main([str(tmp_path / "song.mid"), str(tmp_path / "track.wav"), *flags]) == 0
    first, second, wrote = capsys.readouterr().err.splitlines()
    assert first.startswith("calm, 120 to 76 quarters a minute, swing 0.60, 4 bars of 4/4; keeps")
    assert second.startswith("adds drums") and wrote.startswith("Wrote ")
    assert read_music(tmp_path / "track.mid").tempos[0].qpm == pytest.approx(76)


@pytest.mark.parametrize(
    ("output", "flags", "message"),
    [
        ("a.wav", ["--mood=calm"], "--mood is of a lo-fi track: give --lofi too"),
        ("song.wav", ["--lofi"], "the track's notes would take the place of"),
        ("a.wav", ["--lofi", "--mood=clam"], "Did you mean 'calm'"),
        ("a.wav", ["--lofi", "--qpm=1000"], "qpm must be 40 to 200"),
    ],
)
def test_mistakes_are_one_line(tmp_path, output, flags, message, capsys):
    write_midi(song(2), tmp_path / "song.mid")
    assert main([str(tmp_path / "song.mid"), str(tmp_path / output), *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line and not (tmp_path / output).exists()

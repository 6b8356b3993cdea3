"""Chords, drums and lines of a track, by hand-made music."""

import numpy as np
import pytest

from lofi_tf.composing import drums, harmony, lines
from lofi_tf.composing.step_notes import Note, fingerprint, stream, within
from lofi_tf.data.converters.progression_tracks import ChordEvent, track_of
from lofi_tf.generation import scoring
from lofi_tf.music import beats
from lofi_tf.music.chord_qualities import chord_figure, chord_of_figure

RANDOM = stream(1, "tests")


def strikes(text):
    """Chords such as `C:16 Am:48`, one after the other, with their steps."""
    found, start = [], 0
    for word in text.split():
        figure, _, size = word.partition(":")
        found.append(ChordEvent(start, start + int(size), chord_of_figure(figure)))
        start += int(size)
    return found


LOOP = strikes("Cmaj7:16 Am7:16 Dm7:16 G7:16")


def test_strikes_of_tokens_are_those_that_made_them():
    with_rest = [*LOOP[:3], ChordEvent(48, 60, LOOP[3].chord)]
    assert scoring.strikes_of(track_of(with_rest, 64)) == with_rest


def test_a_loop_in_its_key_is_better_than_one_outside_or_one_chord():
    outside = strikes("Cmaj7:16 F#m7:16 Bb7:16 Ab:16")
    still, minor = strikes("C:64"), strikes("Am7:16 Fmaj7:16 Cmaj7:16 Em7:16")
    for other in (outside, still, minor):
        assert scoring.progression_score(LOOP, "major") > scoring.progression_score(other, "major")
    assert scoring.progression_score(minor, "minor") > scoring.progression_score(LOOP, "minor")
    short = strikes("Cmaj7:16 Am7:16 Dm7:16 G7:14 Em7:2")
    stays = strikes("Cmaj7:40 Am7:8 Dm7:8 G7:8")
    for other in (short, stays):
        assert scoring.progression_score(LOOP, "major") > scoring.progression_score(other, "major")
    late = [ChordEvent(4, 64, LOOP[0].chord)]
    assert scoring.progression_score(late, "major") == -np.inf


def test_colour_keeps_roots_and_scale_and_each_chord_is_coloured_alike():
    plain = strikes("C:8 Am:8 F:16 C:16 G:16")
    found = harmony.coloured(plain, stream(3), 1.0)
    assert [(s.start, s.end) for s in found] == [(s.start, s.end) for s in plain]
    assert found[0].chord == found[3].chord != plain[0].chord
    for before, after in zip(plain, found, strict=True):
        assert scoring.chord_classes(before.chord) < scoring.chord_classes(after.chord)
        assert scoring.chord_classes(after.chord) <= scoring.C_MAJOR
    assert harmony.coloured(plain, stream(3), 0.0) == plain


def test_chords_that_are_struck_again_are_held_until_the_next():
    again = strikes("C:8 C:8 Am:16 G:8")
    held = [(s.start, s.end, chord_figure(s.chord)) for s in scoring.merged(again)]
    assert held == [(0, 16, "C"), (16, 32, "Am"), (32, 64, "G")]
    assert [(float(c.bar), c.figure) for c in harmony.changes_of(again)] == [
        (0, "C"), (1, "Am"), (2, "G")
    ]  # fmt: skip


@pytest.mark.parametrize(("mode", "figure"), [("major", "Cmaj9"), ("minor", "Am9")])
def test_a_track_ends_on_its_tonic(mode, figure):
    assert chord_figure(harmony.tonic_chord(mode)) == figure


def test_voices_are_those_of_the_chord_rolled_upwards():
    notes, last = harmony.voices(LOOP[:1], None, stream(1), 60.0)
    assert {note.pitch % 12 for note in notes} == {4, 7, 11}  # the bass has the root
    assert sorted(note.start for note in notes) == [
        n.start for n in sorted(notes, key=lambda n: n.pitch)
    ]
    assert last == tuple(sorted(note.pitch for note in notes))


def test_melody_notes_on_strong_beats_and_held_ones_are_chord_tones():
    pitches = np.random.default_rng(4).integers(50, 90, 32).tolist()
    steps = [(step, step + 2 + 4 * (step % 6 == 0)) for step in range(0, 64, 2)]
    phrase = [Note(*span, pitch, 80) for span, pitch in zip(steps, pitches, strict=True)]
    found = lines.fitted_melody(phrase, LOOP, stream(2))
    assert len(found) > 20
    for note in found:
        chord = scoring.chord_classes(harmony.chord_at(LOOP, note.start))
        if note.start % 8 == 0 or note.end - note.start >= 4:
            assert note.pitch % 12 in chord
        assert lines.MELODY_RANGE[0] - 6 <= note.pitch <= lines.MELODY_RANGE[1] + 6
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


def test_a_note_is_let_go_where_a_chord_begins_that_it_is_not_of():
    b, c = Note(10, 20, 71, 80), Note(10, 20, 72, 80)  # of Cmaj7 both; of Am7 the second alone
    assert lines.fitted_melody([b], LOOP, stream(1))[0].end == 16
    assert lines.fitted_melody([c], LOOP, stream(1))[0].end == 20


def test_each_chord_begins_with_its_root_in_the_bass_and_notes_go_with_kicks():
    phrase = [Note(6, 8, 60, 80), Note(17, 20, 45, 80), Note(33, 40, 48, 80)]
    found = lines.fitted_bass(phrase, LOOP, [6.9, 40.0])
    roots = {note.start: note.pitch % 12 for note in found}
    assert [roots[start] for start in (0, 16, 32, 48)] == [0, 9, 2, 7]
    assert 6.9 in roots and 6 not in roots
    assert all(28 <= note.pitch <= 45 for note in found)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


def test_a_phrase_with_chord_tones_and_breath_is_better():
    steps = [0, 4, 8, 16, 22, 24, 32, 38, 40, 48, 54, 56]
    pitches = [72, 74, 76, 72, 71, 69, 69, 65, 74, 71, 72, 71]
    good = [Note(s, s + 3, pitch, 80) for s, pitch in zip(steps, pitches, strict=True)]
    wild = [n._replace(pitch=72 + 11 * (-1) ** i + i % 3) for i, n in enumerate(good)]
    assert lines.melody_score(good, LOOP, 3.0) > lines.melody_score(wild, LOOP, 3.0)
    assert lines.melody_score(good, LOOP, 3.0) > lines.melody_score(good, LOOP, 9.0)
    assert lines.melody_score(good[:3], LOOP, 3.0) == -np.inf


@pytest.mark.filterwarnings("error")
def test_a_bass_that_plays_the_roots_is_better_than_a_single_note():
    roots = [Note(s.start, s.end, 24 + lines.root_of(s.chord), 80) for s in LOOP]
    single = lines.bass_score(roots[:1], LOOP, 2.0)
    assert -np.inf < single < lines.bass_score(roots, LOOP, 2.0)
    assert lines.bass_score([], LOOP, 2.0) == -np.inf


def groove(hits):
    """A groove of four bars with hits [(step of every bar, column), ...]."""
    found = np.zeros((64, 27), np.float32)
    for step, column in hits:
        found[step::16, column] = 1.0
        found[step::16, 9 + column] = 0.7
    return found


BEAT = [(0, beats.KICK), (10, beats.KICK), (4, beats.SNARE), (12, beats.SNARE)]
BEAT += [(step, beats.CLOSED) for step in range(0, 16, 2)]


def beat_of(hits):
    return drums.beat_score(drums.hits_of(groove(hits)), 0.5)


def test_a_beat_is_better_than_toms_or_a_snare_astray():
    toms = groove([*BEAT, *((step, beats.LOW) for step in range(8))])
    astray = groove([(2, beats.SNARE), *BEAT[:2], *BEAT[4:]])
    for other in (toms, astray, groove([])):
        assert beat_of(BEAT) > drums.beat_score(drums.hits_of(other), 0.5)


def test_a_backbeat_is_added_where_there_is_none_near():
    found = drums.hits_of(drums.with_backbeat(groove([(5, beats.SNARE)])))
    assert found[:, [5, 12], beats.SNARE].all() and not found[:, 4, beats.SNARE].any()
    assert found[::2, 0, beats.KICK].all()
    np.testing.assert_array_equal(drums.with_backbeat(groove(BEAT)), groove(BEAT))


def test_a_fill_takes_the_last_half_bar_alone():
    fill = groove([(step, beats.SNARE) for step in range(8, 16)])[:16]
    found = drums.with_fill(groove(BEAT), fill)
    np.testing.assert_array_equal(found[:56], groove(BEAT)[:56])
    assert (found[56:, beats.SNARE] == 1).all() and not found[56:, beats.CLOSED].any()
    assert drums.fill_score(found).argmax() == 3


def test_little_energy_leaves_out_ghost_notes_and_crashes():
    busy = groove([*BEAT, (0, beats.CRASH), (3, beats.SNARE)])
    busy[3::16, 9 + beats.SNARE] = 0.2
    quiet = drums.hits_of(drums.thinned(busy, 0.2))
    assert not quiet[:, :, beats.CRASH].any() and not quiet[:, 3, beats.SNARE].any()
    np.testing.assert_array_equal(drums.thinned(busy, 0.8), busy)


def test_blocks_are_the_same_by_steps_and_pitches():
    one, other = [Note(0.1, 2, 60, 80)], [Note(-0.2, 1, 60, 20)]
    assert fingerprint(one) == fingerprint(other) != fingerprint([Note(0, 2, 61, 80)])
    assert within([Note(0, 9, 60, 80), Note(4, 5, 60, 80)], 0, 4) == [Note(0, 4, 60, 80)]

"""Chords, drums, lines and motifs of a track, by hand-made music."""

import itertools

import numpy as np
import pytest

from lofi_tf.composing import chords, colours, drums, harmony, lines, motifs, voicing
from lofi_tf.composing.comping import in_rhythm
from lofi_tf.composing.phrase_texts import Phrase, parse_phrase
from lofi_tf.composing.plan import Colour
from lofi_tf.composing.step_notes import Note, stream, within
from lofi_tf.data.converters.progression_tracks import ChordEvent, track_of
from lofi_tf.errors import LofiError
from lofi_tf.generation import scoring
from lofi_tf.music import beats
from lofi_tf.music.chord_qualities import NUM_QUALITIES, chord_figure, chord_of_figure

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


def test_a_chord_of_less_than_a_beat_gives_way_to_the_one_before():
    found = harmony.settled(strikes("Cmaj7:20 Em7:3 Am7:9 Am7:30 G7:2"))
    assert [(s.start, s.end) for s in found] == [(0, 20), (20, 23), (23, 32), (32, 62), (62, 64)]
    assert figures(found) == ["Cmaj7", "Cmaj7", "Am7", "Am7", "Am7"]
    assert harmony.settled(LOOP) == LOOP and harmony.settled([]) == []


def test_themes_are_good_progressions_that_differ_and_the_first_begins_on_the_tonic():
    drawn = [[], strikes("Fmaj7:32 G7:32"), LOOP, LOOP, strikes("Am7:16 Dm7:16 Em7:32")]
    found = harmony.chosen(drawn, [-np.inf, 9.0, 5.0, 5.0, 5.0], "major", 3)
    assert found == [LOOP, drawn[1], drawn[4]]
    again = harmony.chosen(drawn, [-np.inf, -np.inf, 5.0, -np.inf, -np.inf], "major", 3)
    assert again == [LOOP] * 3
    (tonic,) = harmony.chosen([[]], [-np.inf], "minor", 1)
    assert figures(tonic) == ["Am9"]


def figures(found):
    return [chord_figure(strike.chord) for strike in found]


def test_colour_keeps_roots_and_scale_and_each_chord_is_coloured_alike():
    plain = strikes("C:8 Am:8 F:16 C:16 G:16")
    found = colours.enriched(plain, stream(3), Colour(sevenths=1.0))
    assert [(s.start, s.end) for s in found] == [(s.start, s.end) for s in plain]
    assert found[0].chord == found[3].chord != plain[0].chord
    for before, after in zip(plain, found, strict=True):
        assert scoring.chord_classes(before.chord) < scoring.chord_classes(after.chord)
        assert scoring.chord_classes(after.chord) <= scoring.C_MAJOR
    assert colours.enriched(plain, stream(3), Colour(sevenths=0.0)) == plain


@pytest.mark.parametrize("quality", range(NUM_QUALITIES))
def test_no_triad_is_left_where_all_are_sevenths(quality):
    for root in range(12):
        plain = [ChordEvent(0, 64, root * NUM_QUALITIES + quality)]
        (found,) = colours.enriched(plain, stream(1), Colour(sevenths=1.0))
        assert len(scoring.chord_classes(found.chord)) >= 4
        assert chords.root_of(found.chord) == root


def test_two_and_five_lead_to_what_comes():
    to_major = colours.leading_to(LOOP, chord_of_figure("Cmaj7"), 64)
    assert figures(to_major) == figures(LOOP)  # the fifth is there
    to_minor = colours.leading_to(LOOP, chord_of_figure("Am7"), 64)
    assert figures(to_minor)[:3] == figures(LOOP)[:3]
    assert figures(to_minor)[3:] == ["Bm7b5", "E7(b9)"]
    assert [strike.start for strike in to_minor[3:]] == [48, 56]
    late = colours.leading_to(strikes("Cmaj7:47 Fmaj7:17"), chord_of_figure("Am7"), 64)
    assert figures(late) == ["Cmaj7", "Bm7b5", "E7(b9)"] and late[0].end == 48


def test_a_dominant_leads_to_the_chord_after_it_and_a_fourth_is_borrowed():
    loop = strikes("Cmaj7:16 Am7:32 Fmaj7:16")
    assert figures(colours.with_dominant(loop)) == ["Cmaj7", "E7(b9)", "Am7", "Fmaj7"]
    assert figures(colours.with_borrowed(loop, "major")) == ["Cmaj7", "Am7", "Fmaj7", "Fm6"]
    minor = strikes("Am7:32 Dm7:16 Em7:16")
    assert figures(colours.with_borrowed(minor, "minor")) == ["Am7", "Dm7", "D9", "Em7"]
    for found in (colours.with_dominant(loop), colours.with_borrowed(loop, "major")):
        spans = [(strike.start, strike.end) for strike in found]
        assert spans[0][0] == 0 and spans[-1][1] == 64
        assert all(one[1] == other[0] for one, other in itertools.pairwise(spans))


@pytest.mark.parametrize(("first", "mode"), [("A", "minor"), ("Cm7", "major"), ("F", "major")])
def test_a_track_begins_on_the_tonic_of_its_key(first, mode):
    found = colours.on_tonic(strikes(f"{first}:32 G7:32"), mode)
    assert colours.is_tonic(found[0].chord, mode) and found[1:] == strikes(f"{first}:32 G7:32")[1:]


def test_chords_that_are_struck_again_are_held_until_the_next():
    again = strikes("C:8 C:8 Am:16 G:8")
    held = [(s.start, s.end, chord_figure(s.chord)) for s in scoring.merged(again)]
    assert held == [(0, 16, "C"), (16, 32, "Am"), (32, 64, "G")]
    assert [(float(c.bar), c.figure) for c in chords.changes_of(again)] == [
        (0, "C"), (1, "Am"), (2, "G")
    ]  # fmt: skip


@pytest.mark.parametrize(("mode", "figure"), [("major", "Cmaj9"), ("minor", "Am9")])
def test_a_track_ends_on_its_tonic(mode, figure):
    assert chord_figure(colours.tonic_chord(mode)) == figure


def struck(chord, rooted=False, again=False):
    return voicing.Strike(0, 16, chord_of_figure(chord), rooted, again)


def test_voices_are_those_of_the_chord_rolled_upwards():
    notes, last = voicing.played([struck("Cmaj7")], None, stream(1), 60.0)
    assert {note.pitch % 12 for note in notes} == {4, 7, 11}  # the bass has the root
    assert [n.start for n in notes] == sorted(n.start for n in notes)
    assert last == tuple(note.pitch for note in notes) == tuple(sorted(last))


def test_a_chord_without_a_bass_has_its_root_lowest():
    for chord in ("Cmaj7", "F#m9", "Bm7b5", "G"):
        notes, _ = voicing.played([struck(chord, rooted=True)], None, stream(1), 60.0)
        assert {n.pitch % 12 for n in notes} == scoring.chord_classes(chord_of_figure(chord))
    assert notes[0].pitch == min(note.pitch for note in notes)


def test_voices_move_little_and_the_top_one_by_step_or_not_far():
    before, tops = None, []
    for figure in ("Cmaj9", "Am9", "Dm9", "G9", "Em7", "Fmaj7", "E7(b9)", "Am7"):
        after = voicing.next_voices(chord_of_figure(figure), before)
        assert after[-1] - after[-2] > 1 and after[0] >= voicing.LOWEST
        tops.append(after[-1])
        before = after
    steps = np.abs(np.diff(tops))
    assert steps.max() <= 4 and (steps == 0).sum() <= 2


@pytest.mark.parametrize("figure", ["Cmaj7", "Fmaj9", "Dm9", "G9", "Am7", "E7(b9)"])
def test_inner_motion_comes_near_no_tone_of_the_chord(figure):
    chord = chord_of_figure(figure)
    voices = voicing.next_voices(chord, None)
    moved = voicing.moved_inside(chord, voices)
    for one, other in zip(voices, moved, strict=True):
        assert abs(one - other) <= 2
        if one != other:
            near = {(other - 1) % 12, (other + 1) % 12}
            assert not near & scoring.chord_classes(chord)
    assert (voices[0], voices[-1]) == (moved[0], moved[-1])


def test_chords_in_rhythm_are_struck_before_they_fade():
    found = in_rhythm(strikes("Cmaj7:11 Am7:53"), 0.5, stream(4))
    starts = [event.start for event in found]
    assert starts[0] == 0 and np.diff([*starts, 64]).max() <= 24
    assert found[-1].end == 64
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_melody_notes_on_strong_beats_and_held_ones_are_chord_tones():
    pitches = np.random.default_rng(4).integers(50, 90, 32).tolist()
    steps = [(step, step + 2 + 4 * (step % 6 == 0)) for step in range(0, 64, 2)]
    phrase = [Note(*span, pitch, 80) for span, pitch in zip(steps, pitches, strict=True)]
    found = lines.fitted_melody(phrase, LOOP)
    assert len(found) > 20
    for note in found:
        chord = scoring.chord_classes(chords.chord_at(LOOP, note.start))
        if note.start % 8 == 0 or note.end - note.start >= 4:
            assert note.pitch % 12 in chord and (note.pitch - 1) % 12 not in chord
        assert lines.MELODY_RANGE[0] - 6 <= note.pitch <= lines.MELODY_RANGE[1] + 6
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


def test_a_note_is_let_go_where_a_chord_begins_that_it_is_not_of():
    b, g = Note(10, 20, 71, 80), Note(10, 20, 67, 80)  # of Cmaj7 both; of Am7 the second alone
    assert lines.fitted_melody([b], LOOP)[0].end == 16
    assert lines.fitted_melody([g], LOOP)[0].end == 20
    f = Note(26, 36, 65, 80)  # of F, and a half step above the E of Cmaj7
    assert lines.fitted_melody([f], strikes("F:32 Cmaj7:32"))[0].end == 30


def test_no_note_rests_a_half_step_above_a_chord_tone_nor_passes_beside_an_altered_one():
    assert lines.melody_tones(chord_of_figure("Cmaj7")) == {4, 7, 11}  # C lies above its B
    assert lines.melody_tones(chord_of_figure("E7(b9)")) == {4, 8, 11, 2}
    assert lines.passing_tones(chord_of_figure("A7")) == {9, 1, 4, 7, 5, 11}  # no C, no D


def test_each_chord_begins_with_its_root_in_the_bass_and_notes_go_with_kicks():
    phrase = [Note(6, 8, 60, 80), Note(17, 20, 45, 80), Note(33, 40, 48, 80)]
    found = lines.fitted_bass(phrase, LOOP, [6.9, 40.0])
    roots = {note.start: note.pitch % 12 for note in found}
    assert [roots[start] for start in (0, 16, 32, 48)] == [0, 9, 2, 7]
    assert 6.9 in roots and 6 not in roots
    assert all(28 <= note.pitch <= 45 for note in found)
    pedal = lines.fitted_bass(phrase, LOOP, [], pedal=0)
    assert {note.pitch % 12 for note in pedal} == {0}
    rest = lines.fitted_bass([], strikes("C:64"), [])
    assert [note.start for note in rest] == [0, 16, 32, 48]
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
    roots = [Note(s.start, s.end, 24 + chords.root_of(s.chord), 80) for s in LOOP]
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
    fill = groove([(15, beats.CRASH), *((step, beats.SNARE) for step in range(8, 16))])[:16]
    found = drums.with_fill(groove(BEAT), fill)
    np.testing.assert_array_equal(found[:56], groove(BEAT)[:56])
    assert (found[56:, beats.SNARE] == 1).all()
    assert not found[56:, [beats.CLOSED, beats.CRASH]].any()
    assert drums.fill_score(found).argmax() == 3


def test_little_energy_leaves_out_ghost_notes_and_crashes():
    busy = groove([*BEAT, (0, beats.CRASH), (3, beats.SNARE)])
    busy[3::16, 9 + beats.SNARE] = 0.2
    quiet = drums.hits_of(drums.thinned(busy, 0.2))
    assert not quiet[:, :, beats.CRASH].any() and not quiet[:, 3, beats.SNARE].any()
    np.testing.assert_array_equal(drums.thinned(busy, 0.8), busy)


def test_a_loop_is_two_bars_twice_and_crashes_are_the_plans():
    busy = groove([*BEAT, (0, beats.CRASH)])
    busy[16:32] = groove([*BEAT, (6, beats.KICK)])[:16]
    bars = drums.looped(busy).reshape(4, 16, 27)
    np.testing.assert_array_equal(bars[0], bars[2])
    assert not bars[:, :, beats.CRASH].any()
    assert (bars[1] != bars[0]).any()
    plain = drums.without_end(bars.reshape(64, 27)).reshape(4, 16, 27)
    np.testing.assert_array_equal(plain[1], plain[3])
    crashed = drums.hits_of(drums.with_crash(drums.looped(busy), 0.2))
    assert crashed[0, 0, beats.CRASH] and crashed[:, :, beats.CRASH].sum() == 1


def test_notes_within_a_span_are_cut_at_its_end():
    assert within([Note(0, 9, 60, 80), Note(4, 5, 60, 80)], 0, 4) == [Note(0, 4, 60, 80)]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("rest", Phrase("rest")),
        ("call", Phrase("call")),
        ("answer varied", Phrase("answer", 1)),
        ("call varied 3", Phrase("call", 3)),
        ("turn up", Phrase("turn", 0, 1)),
        ("pickup call varied down 2 thinned", Phrase("call", 1, -2, True, True)),
    ],
)
def test_phrases_are_read(text, phrase):
    assert parse_phrase(text) == phrase


@pytest.mark.parametrize("text", ["", "calls", "call up down", "rest thinned", "varied", "call 2"])
def test_what_is_no_phrase_is_refused(text):
    with pytest.raises(LofiError, match="a phrase is rest, or call, answer, turn.*Received"):
        parse_phrase(text)


CALL = [Note(0, 4, 72, 80), Note(6, 8, 74, 80), Note(8, 14, 76, 80), Note(18, 20, 77, 80)]


def test_a_phrase_that_is_lifted_keeps_its_rhythm_and_its_place_in_the_scale():
    found = motifs.lifted(CALL, 1)
    assert [note.pitch for note in found] == [74, 76, 77, 79]
    assert [note[:2] for note in found] == [note[:2] for note in CALL]
    assert motifs.lifted(motifs.lifted(CALL, 9), -9) == CALL
    assert [note.pitch for note in motifs.lifted(CALL, -7)] == [60, 62, 64, 65]


def test_a_variation_has_the_first_bar_and_another_second():
    other = [Note(2, 6, 60, 80), Note(17, 20, 62, 80)]
    assert motifs.joined(CALL, other) == [*CALL[:3], other[1]]


def test_a_thinned_phrase_has_its_notes_on_beats_alone():
    assert [note.start for note in motifs.thinned(CALL)] == [0, 8]
    assert all(a.end <= b.start for a, b in itertools.pairwise(motifs.thinned(CALL)))


def test_a_phrase_ends_before_its_two_bars_do():
    late = [*CALL, Note(24, 32, 72, 80), Note(30, 32, 71, 80)]
    assert motifs.breathed(late)[-1] == Note(24, 30, 72, 80)
    assert motifs.breathed([]) == []


def test_a_pickup_leads_to_its_note_by_step():
    for seed in range(8):
        early = motifs.pickup_to(CALL[0], stream(seed))
        pitches = [note.pitch for note in early] + [72]
        assert all(1 <= abs(step) <= 2 for step in np.diff(pitches))
        assert early[-1].end == 0 and early[0].start >= -8
    late = motifs.pickup_to(CALL[0]._replace(start=4), stream(1))
    assert late and all(note.start % 8 for note in late)

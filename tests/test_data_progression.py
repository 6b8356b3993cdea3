"""Chords by their names, windows of progressions, and both ways between tokens and music."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from note_seq import chord_symbols_lib

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.converters.progression_tracks import HIGHEST_VOICE, LOWEST_VOICE, voicing
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.chord_qualities import (
    CHORD_QUALITIES,
    NUM_CHORDS,
    NUM_QUALITIES,
    chord_figure,
    chord_of_figure,
    chord_of_pitches,
)
from lofi_tf.music.chords import UNKNOWN_CHORD, triad_of
from tests.pieces import melody_piece as piece

BAR = 16


def token(figure):
    """Returns the token that strikes a chord."""
    return 2 + chord_of_figure(figure)


def track(num_steps, **events):
    """Returns tokens with events such as `s8="Am7"`, or `None` where a chord ends."""
    tokens = np.zeros(num_steps, np.int64)
    for name, figure in events.items():
        tokens[int(name[1:])] = 1 if figure is None else token(figure)
    return tokens


def chord(pitches, start, end):
    """Returns notes that begin together, for `melody_piece`."""
    return [(pitch, start, end) for pitch in pitches]


def found(converter, sequence):
    """Returns the tokens of each example."""
    return [example["tokens"].tolist() for example in converter.to_examples(sequence)]


def outputs(converter, tokens):
    """Returns tokens as a model gives them."""
    return np.eye(converter.depth)[tokens]


# Names


@pytest.mark.parametrize("number", range(NUM_CHORDS))
def test_symbols_mean_their_pitches_to_note_seq(number):
    root, quality = divmod(number, NUM_QUALITIES)
    figure = chord_figure(number)
    pitches = {(root + interval) % 12 for interval in CHORD_QUALITIES[quality].intervals}
    assert {pitch % 12 for pitch in chord_symbols_lib.chord_symbol_pitches(figure)} == pitches
    assert chord_symbols_lib.chord_symbol_root(figure) == root
    assert chord_of_figure(figure) == number


def test_only_chords_without_a_third_have_a_triad_of_their_own():
    without = [n for n in range(NUM_QUALITIES) if triad_of(chord_figure(n)) == UNKNOWN_CHORD]
    assert [CHORD_QUALITIES[n].suffix for n in without] == ["7sus", "sus4", "sus2", "5"]


@pytest.mark.parametrize(
    ("pitches", "figure"),
    [
        ([48, 64, 67, 69], "C6"),
        ([45, 60, 64, 67], "Am7"),
        ([52, 60, 67, 72], "C"),  # a bass is forgotten
        ([48, 64, 70], "C7"),  # no fifth
        ([48, 57, 64], "Am"),  # an inversion before a sixth without its fifth
        ([43, 57, 60, 65], "Fadd9"),  # exactly
        ([36, 48, 55], "C5"),
        ([48, 62, 67], "Csus2"),
        ([48, 53, 67], "Csus4"),
        ([47, 50, 53, 56], "Bdim7"),
        ([36, 64, 66, 71], "Cmaj7"),  # Cmaj7(#11) without its fifth
    ],
)
def test_pitches_are_named(pitches, figure):
    assert chord_figure(chord_of_pitches(pitches)) == figure


def test_pitches_that_are_no_chord_have_no_name():
    assert chord_of_pitches(range(60, 72)) is None
    assert chord_of_pitches([36, 48, 60]) is None


@pytest.mark.parametrize(
    ("figure", "nearest"),
    [
        *[("C13", "C9"), ("F#7(b5)/A#", "F#7"), ("Ebm9(b5)", "Ebm7b5"), ("Gsus(add7)", "G7sus")],
        *[("G7(#9)", "G7"), ("Bb7(b9)", "Bb7(b9)"), ("Abm11", "Abm9"), ("C+9", "Caug7")],
        *[("Cb", "B"), ("Am(#5)", "Am"), ("D/F#", "D"), ("Gsus4", "Gsus4")],
    ],
)
def test_other_symbols_are_the_nearest_with_the_same_root(figure, nearest):
    assert chord_figure(chord_of_figure(figure)) == nearest


def test_unreadable_symbols_have_no_chord():
    assert chord_of_figure("H7") is None


# From notes and symbols


def test_notes_become_tokens():
    sequence = piece(
        *chord([36, 64, 67, 71], 0, 12),
        *chord([45, 60, 64, 67], 16, 20),
        *chord([45, 60, 64, 67], 23, 32),
        *[(72, 25, 26), (74, 26, 28)],  # a melody above is no chord
        *chord([38, 60, 65], 48, 64),
    )
    expected = track(64, s0="Cmaj7", s12=None, s16="Am7", s20=None, s23="Am7", s32=None, s48="Dm7")
    expected[48] = token("Dm7")
    assert found(ProgressionConverter(gap_bars=None), sequence) == [expected.tolist()]


def test_rolled_chords_are_one():
    rolled = [(36, 0, 64), (64, 0, 64), (67, 1, 64), (71, 1, 64)]
    assert found(ProgressionConverter(), piece(*rolled)) == [track(64, s0="Cmaj7").tolist()]


def test_drums_are_no_chord():
    sequence = piece(*chord([36, 38, 42], 0, 64))
    for note in sequence.notes:
        note.is_drum = True
    with pytest.raises(NotConvertible, match="no_chords"):
        list(ProgressionConverter().to_examples(sequence))


def test_lead_sheets_give_their_symbols():
    symbols = [("C6/9", 0), ("A7(b9)", 24), ("Dm9/G", 32), ("N.C.", 56)]
    sequence = piece((72, 0, 30), (74, 30, 64), chords=symbols)
    expected = track(64, s0="C6/9", s24="A7(b9)", s32="Dm9", s56=None)
    assert found(ProgressionConverter(), sequence) == [expected.tolist()]


def test_symbols_without_notes_give_examples():
    sequence = piece(chords=[("Dm7", 0), ("G7", 16), ("Cmaj7", 32)])
    sequence.total_time = 8.0
    expected = track(64, s0="Dm7", s16="G7", s32="Cmaj7")
    assert found(ProgressionConverter(), sequence) == [expected.tolist()]


def test_chords_from_says_which_counts():
    notes = [note for start in (0, 32) for note in chord([48, 64, 67], start, start + 32)]
    sequence = piece(*notes, chords=[("Am7", 0), ("F", 40)])
    by_notes, by_symbols = track(64, s0="C", s32="C"), track(64, s0="Am7", s40="F")
    for source, expected in [("notes", by_notes), ("symbols", by_symbols), ("auto", by_symbols)]:
        assert found(ProgressionConverter(chords_from=source), sequence) == [expected.tolist()]


def test_notes_that_play_every_symbol_give_the_rhythm():
    notes = [note for start in (0, 6, 32) for note in chord([48, 64, 67], start, 64)]
    sequence = piece(*notes, chords=[("C", 0), ("C", 32)])
    assert found(ProgressionConverter(), sequence) == [track(64, s0="C", s6="C", s32="C").tolist()]


def test_windows_begin_with_the_chord_that_sounds():
    sequence = piece(*chord([48, 64, 67], 0, 24), *chord([45, 60, 64], 30, 80))
    first = track(64, s0="C", s24=None, s30="Am")
    second = track(64, s0="C", s8=None, s14="Am")
    assert found(ProgressionConverter(), sequence) == [first.tolist(), second.tolist()]
    assert found(ProgressionConverter(hop_bars=2), sequence) == [first.tolist()]


@pytest.mark.parametrize(
    ("num_bars", "starts"), [(1, [0, 16, 32, 48]), (2, [0, 32]), (3, [0, 48]), (4, [0])]
)
def test_short_pieces_are_repeated(num_bars, starts):
    sequence = piece(*chord([48, 64, 67], 0, num_bars * BAR))
    expected = track(64, **{f"s{start}": "C" for start in starts})
    assert found(ProgressionConverter(), sequence) == [expected.tolist()]
    if num_bars < 4:
        with pytest.raises(NotConvertible, match="too_short"):
            found(ProgressionConverter(loop_short=False), sequence)


def test_pieces_of_no_whole_bars_are_not_repeated():
    assert len(found(ProgressionConverter(), piece(*chord([48, 64, 67], 0, 29)))) == 1
    with pytest.raises(NotConvertible, match="too_short"):
        found(ProgressionConverter(), piece(*chord([48, 64, 67], 0, 28)))


def test_long_rests_and_unreadable_chords_leave_examples_out():
    rest = piece(*chord([48, 64, 67], 0, 32), *chord([48, 64, 67], 48, 64))
    with pytest.raises(NotConvertible, match="long_rest"):
        found(ProgressionConverter(), rest)
    assert len(found(ProgressionConverter(gap_bars=None), rest)) == 1
    sequence = piece((60, 0, 80), chords=[("H7", 0), ("C", 16)])
    assert found(ProgressionConverter(), sequence) == [track(64, s0="C").tolist()]
    with pytest.raises(NotConvertible, match="unknown_chord"):
        found(ProgressionConverter(), piece((60, 0, 64), chords=[("H7", 0)]))


def test_other_metres_are_refused():
    with pytest.raises(NotConvertible, match="metre"):
        found(ProgressionConverter(), piece(*chord([48, 64, 67], 0, 64), metres=[(3, 4, 0.0)]))


# There and back


@pytest.mark.parametrize("source", ["auto", "notes", "symbols"])
@pytest.mark.parametrize("first", range(0, NUM_CHORDS, 12))
def test_every_chord_comes_back(source, first):
    """Every chord is struck, struck again and ended, at eighths and at sixteenths."""
    converter = ProgressionConverter(slice_bars=8, chords_from=source)
    tokens = np.zeros(128, np.int64)
    for place, number in enumerate(range(first, first + 12)):
        tokens[10 * place : 10 * place + 9] = [2 + number, 0, 2 + number, 2 + number] + [0, 1] + [
            0, 2 + number, 0
        ]  # fmt: skip
    tokens[126:] = 1, 0
    back = found(converter, converter.from_outputs(outputs(converter, tokens), qpm=80.0))
    assert back == [tokens.tolist()]


def test_random_tokens_come_back():
    converter = ProgressionConverter(gap_bars=None)
    random = np.random.default_rng(3)
    for _ in range(50):
        tokens = np.where(random.random(64) < 0.4, random.integers(2, converter.depth, 64), 0)
        tokens[0] = max(tokens[0], 2)
        back = found(converter, converter.from_outputs(outputs(converter, tokens), qpm=93.0))
        assert back == [tokens.tolist()]


def test_symbols_and_notes_say_the_same():
    converter = ProgressionConverter()
    sequence = converter.from_outputs(outputs(converter, track(64, s0="Am9", s32=None)), qpm=60.0)
    texts = [(a.text, a.time) for a in sequence.text_annotations]
    assert texts == [("Am9", 0.0), ("N.C.", 8.0)]
    notes = sorted((n.pitch, n.start_time, n.end_time) for n in sequence.notes)
    assert notes[0] == (45, 0.0, 8.0)
    assert {pitch % 12 for pitch, *_ in notes} == {9, 0, 4, 7, 11}
    assert {(n.velocity, n.program) for n in sequence.notes} == {(80, 4)}
    assert sequence.total_time == 16.0


def test_voices_move_little():
    figures = ["Dm9", "G7", "Cmaj9", "Am7", "Fmaj7", "Bm7b5", "E7(b9)", "Am"]
    voices = None
    for figure in figures:
        before = voices
        bass, voices = voicing(chord_of_figure(figure), before)
        assert bass < LOWEST_VOICE <= voices[0] and voices[-1] <= HIGHEST_VOICE
        assert list(voices) == sorted(voices) and voices[-1] - voices[0] < 12
        if before:
            assert all(min(abs(v - b) for b in before) <= 4 for v in voices)


def test_outputs_of_another_shape_are_refused():
    with pytest.raises(LofiError, match=r"Allowed: \[T, 290\]"):
        ProgressionConverter().from_outputs(np.zeros([64, 90]))


# What a model sees


def test_graph_gives_what_the_spec_says():
    converter = build_converter(load_config("lofi_chords").data.converter)
    sequence = converter.from_outputs(outputs(converter, track(64, s0="C", s20="F9", s40=None)))
    (example,) = dataclasses.replace(converter, gap_bars=None).to_examples(sequence)
    for name, spec in converter.example_spec.items():
        assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(tf.constant(example[name]))
    batch = {name: np.stack([array] * 3) for name, array in example.items()}
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    views = list(dataset.map(lambda row: to_model(converter, row, True, tf.constant([1, 2]))))
    for name, spec in converter.model_spec.items():
        assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(views[0][name])
    whole = to_model(converter, batch, training=False)
    assert (whole["targets"].numpy().argmax(-1) == batch["tokens"]).all()


@pytest.mark.parametrize("shift", [-5, 0, 1, 6])
def test_transposition_moves_the_roots(shift):
    converter = ProgressionConverter(transpose_range=[shift, shift])

    def example_at(half_steps):
        notes = [([36, 64, 67, 71], 0, 32), ([45, 60, 64], 32, 60)]
        moved = [chord(np.add(pitches, half_steps), *times) for pitches, *times in notes]
        return next(converter.to_examples(piece(*moved[0], *moved[1])))

    example, moved = example_at(0), example_at(shift)
    view = to_model(converter, example, training=True, seed=tf.constant([5, 6]))
    np.testing.assert_array_equal(view["inputs"].numpy().argmax(-1), moved["tokens"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chords_from": "midi"}, "auto, notes, symbols"),
        ({"slice_bars": None}, "slice_bars"),
        ({"hop_bars": 0}, "hop_bars"),
        ({"loop_short": 1}, "loop_short"),
        ({"gap_bars": -1}, "gap_bars"),
        ({"transpose_range": [3, 1]}, "transpose_range"),
        ({"max_bars": 3}, "option of the progression converter"),
    ],
)
def test_bad_options_say_what_is_allowed(options, message):
    with pytest.raises(LofiError, match=message):
        build_converter({"kind": "progression", **options})

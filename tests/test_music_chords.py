"""Chord symbols beside note-seq's, chords over time, and guessed chords."""

import itertools
import random

import numpy as np
import pytest

from lofi_tf.errors import NotConvertible
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chords import (
    NUM_TRIADS,
    UNKNOWN_CHORD,
    add_chords,
    add_keys,
    figure_of,
    figures_by_step,
    keys_by_step,
    triad_of,
)
from lofi_tf.music.quantize import Grid, grid_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import Chord, Key, part_of, segments_of
from tests.converter_parity import sequence_of
from tests.paths import DATA
from tests.pieces import melody_piece as piece

CHORDS = DATA / "golden" / "inputs" / "band0_chords.pb"
GRID = Grid(120.0, 4)
ROOTS = ("C", "F#", "Bb", "E##", "Abb", "G#b", "H", "")
KINDS = (
    *("", "maj", "M", "m", "min", "-", "+", "aug", "o", "dim", "7", "maj7", "m7", "o7", "+7"),
    *("m7b5", "/o", "/o7", "mM7", "min(maj7)", "6", "m6", "6/9", "9", "-9", "11", "maj13"),
    *("sus", "sus2", "sus7", "7sus", "7sus4", "ped", "5", "x"),
)
CHANGES = (
    *("", "b5", "(#5)", "add9", "(add#4", "addb6)", "no3", "no5", "no7", "b9#11", "add3", "#1"),
    *("b3", "add3no3", "#5b5", "(no5)(b9)", "omit3", "9"),
)


@pytest.fixture(scope="module")
def note_seq_triad():
    """note-seq's encoding, with `UNKNOWN_CHORD` where it raises."""
    from note_seq import chord_symbols_lib, chords_encoder_decoder

    encoding = chords_encoder_decoder.TriadChordOneHotEncoding()
    errors = (chord_symbols_lib.ChordSymbolError, chords_encoder_decoder.ChordEncodingError)

    def encode(figure):
        try:
            return encoding.encode_event(figure)
        except errors:
            return UNKNOWN_CHORD

    return encode


# Symbols


@pytest.mark.parametrize(
    ("figure", "triad"),
    [
        ("N.C.", 0),
        ("C", 1),
        ("B", 12),
        ("Cb", 12),
        ("Am7", 22),
        ("Bbmaj7/F", 11),
        ("F+", 30),
        ("G7(#5)", 32),
        ("Ebdim", 40),
        ("Bm7b5", 48),
        ("Csus4", UNKNOWN_CHORD),
        ("C5", UNKNOWN_CHORD),
        ("Cno3", UNKNOWN_CHORD),
        ("Cadd3", UNKNOWN_CHORD),
        ("nothing", UNKNOWN_CHORD),
        ("", UNKNOWN_CHORD),
    ],
)
def test_triad_of_a_symbol(figure, triad):
    assert triad_of(figure) == triad


def test_symbols_read_as_note_seq_reads_them(note_seq_triad):
    figures = [
        "".join(parts) for parts in itertools.product(ROOTS, KINDS, CHANGES, ("", "/Eb", "/x"))
    ]
    draw = random.Random(0)
    pieces = ("C", "b", "#", "m", "maj", "7", "add", "no", "5", "3", "(", ")", "/", "dim", "+", "-")
    figures += ["A" + "".join(draw.choices(pieces, k=draw.randint(1, 5))) for _ in range(5000)]
    figures += ["N.C.", *(chord.text for chord in part_of(sequence_of(CHORDS)).chords)]
    known = [triad_of(figure) for figure in figures]
    assert known == [note_seq_triad(figure) for figure in figures]
    assert set(known) >= {0, UNKNOWN_CHORD} and sum(triad > 0 for triad in known) > 1000


def test_every_triad_has_a_symbol_of_its_own(note_seq_triad):
    figures = [figure_of(triad) for triad in range(NUM_TRIADS)]
    assert [triad_of(figure) for figure in figures] == list(range(NUM_TRIADS))
    assert [note_seq_triad(figure) for figure in figures] == list(range(NUM_TRIADS))
    assert (figures[0], figures[4], figures[22], figures[25], figures[40]) == (
        *("N.C.", "Eb", "Am", "Caug"),
        "Ebdim",
    )


# Over time


def chorded(*chords, keys=()):
    return part_of(piece((60, 0, 32), chords=chords, keys=keys))


def test_a_chord_holds_until_the_next():
    places, figures = figures_by_step(chorded(("Am", 2.4), ("C", 0.6), ("Am", 5)), GRID, 8)
    assert [figures[place] for place in places] == ["N.C.", "C", *["Am"] * 6]


def test_two_chords_on_a_step_are_refused_unless_equal():
    same = chorded(("C", 1), ("C", 1.2))
    assert figures_by_step(same, GRID, 4)[0].tolist() == [0, 1, 1, 1]
    with pytest.raises(NotConvertible, match="coincident_chords: .*C and F at step 1"):
        figures_by_step(chorded(("C", 1), ("F", 1.2)), GRID, 4)
    late = chorded(("C", 1), ("F", 9), ("G", 9))
    assert figures_by_step(late, GRID, 4)[0].tolist() == [0, 1, 1, 1]


def test_the_first_key_also_holds_before_its_time():
    keys = [Key(5 * 0.125, 7), Key(2 * 0.125, 3)]
    assert keys_by_step(keys, GRID, 7).tolist() == [3, 3, 3, 3, 3, 7, 7]


def test_chords_and_keys_are_written_where_they_change():
    sequence = NoteSequence()
    add_chords(sequence, np.array([1, 1, 22, 22, 0]), 0.5)
    add_keys(sequence, np.array([4, 4, 5]), 0.5)
    found = [(a.time, a.text, a.annotation_type) for a in sequence.text_annotations]
    assert found == [(0, "C", 1), (1, "Am", 1), (2, "N.C.", 1)]
    assert [(k.time, k.key) for k in sequence.key_signatures] == [(0, 4), (1, 5)]
    add_chords(sequence, np.array([], int), 0.5)
    assert len(sequence.text_annotations) == 3


# Guessed


def guessed(sequence):
    part = segments_of(sequence)[0]
    return with_inferred_chords(part, grid_of(part, 4, 16))


def test_guessed_chords_are_those_of_note_seq():
    from note_seq import chord_inference, sequences_lib

    sequence = sequence_of(CHORDS)
    del sequence.text_annotations[:]
    quantized = sequences_lib.quantize_note_sequence(sequence, 4)
    chord_inference.infer_chords_for_sequence(quantized, add_key_signatures=True)
    part = guessed(sequence)
    assert part.chords == tuple(Chord(a.time, a.text) for a in quantized.text_annotations)
    assert part.keys == tuple(Key(k.time, k.key) for k in quantized.key_signatures)
    assert len(part.chords) > 5


def test_plain_triads_are_guessed():
    notes = [
        (pitch, 16 * bar, 16 * bar + 16)
        for bar, root in enumerate((60, 65, 67, 60))
        for pitch in (root, root + 4, root + 7)
    ]
    part = guessed(piece(*notes))
    assert part.chords == (Chord(0.0, "C"), Chord(2.0, "F"), Chord(4.0, "G"), Chord(6.0, "C"))
    assert part.keys == (Key(0.0, 0),)


@pytest.mark.parametrize(
    "sequence", [piece((60, 0, 16 * 501)), piece((60, 0, 40), metres=[(5, 4, 0)])]
)
def test_what_cannot_be_guessed_is_refused(sequence):
    part = segments_of(sequence)[0]
    with pytest.raises(NotConvertible, match="no_chords: .*Allowed: .*Received: "):
        with_inferred_chords(part, GRID)

"""What a model sees of a trio: chords and keys as controls, transposition by closed form."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.data.model_inputs.trio import transposed_line
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import NotConvertible
from lofi_tf.music.chords import triad_of
from tests.converter_parity import sequence_of
from tests.pieces import BASS, DRUMS, MELODY, SIXTEENTH, beat, moved_piece, tokens_of, views
from tests.pieces import trio_piece as piece

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band4.mid"
SHORT = TrioConverter(slice_bars=2)


# Chords and keys


def test_controls_are_chords_and_keys():
    converter = dataclasses.replace(SHORT, chord_encoding="triad", condition_on_key=True)
    notes = beat(2, MELODY, BASS, DRUMS)
    sequence = piece(*notes, chords=[("Am", 4), ("G", 20)], keys=[(9, 0), (7, 16)])
    view = next(views(converter, sequence))
    chords, keys = view["controls"][:, :49].argmax(-1), view["controls"][:, 49:].argmax(-1)
    assert chords.tolist() == [0] * 4 + [triad_of("Am")] * 16 + [triad_of("G")] * 12
    assert keys.tolist() == [9] * 16 + [7] * 16
    decoded = converter.from_outputs(view["targets"], controls=view["controls"])
    expected = [(0.0, "N.C."), (4 * SIXTEENTH, "Am"), (20 * SIXTEENTH, "G")]
    assert [(c.time, c.text) for c in decoded.text_annotations] == expected
    assert [(k.time, k.key) for k in decoded.key_signatures] == [(0.0, 9), (2.0, 7)]


def test_chords_without_a_key_are_refused_where_the_key_is_a_control():
    converter = dataclasses.replace(SHORT, condition_on_key=True)
    with pytest.raises(NotConvertible, match="no_key"):
        list(converter.to_examples(piece(*beat(2, MELODY, BASS, DRUMS), chords=[("C", 0)])))


def test_unknown_chords_drop_their_examples_or_refuse_the_part():
    converter = dataclasses.replace(SHORT, chord_encoding="triad")
    sequence = piece(*beat(4, MELODY, BASS, DRUMS), chords=[("Csus4", 0), ("C", 16)])
    assert len(list(converter.to_examples(sequence))) == 2
    strict = dataclasses.replace(converter, unknown_chord="error")
    with pytest.raises(NotConvertible, match="unknown_chord"):
        list(strict.to_examples(sequence))


def test_of_chords_on_a_step_the_last_counts_or_the_part_is_refused():
    converter = dataclasses.replace(SHORT, chord_encoding="triad")
    sequence = piece(*beat(2, MELODY, BASS, DRUMS), chords=[("F", 0), ("C", 0.2)])
    assert (next(converter.to_examples(sequence))["chords"] == triad_of("C")).all()
    strict = dataclasses.replace(converter, coincident_chords="error")
    with pytest.raises(NotConvertible, match="coincident_chords"):
        list(strict.to_examples(sequence))


# Transposition


@pytest.mark.parametrize("shift", [-3, 2, 3])
def test_transposing_equals_converting_a_transposed_piece(shift):
    plain = TrioConverter(slice_bars=2, chord_encoding="triad", condition_on_key=True)
    moving = dataclasses.replace(plain, transpose_range=[shift, shift])
    band = sequence_of(BAND)
    # Notes that leave the range of pitches have a test of their own.
    inside = [note for note in band.notes if note.is_drum or 24 <= note.pitch <= 105]
    del band.notes[:]
    band.notes.extend(inside)
    for text, time in (("C", 0), ("Am", 3.1), ("N.C.", 7), ("Bdim", 9)):
        band.text_annotations.add(text=text, time=time, annotation_type=1)
    band.key_signatures.add(key=11)
    ours = list(views(moving, band, training=True))
    theirs = list(views(plain, moved_piece(band, shift)))
    assert len(ours) == len(theirs) > 12
    for mine, reference in zip(ours, theirs, strict=True):
        for name, array in reference.items():
            np.testing.assert_array_equal(mine[name], array)
    assert (ours[0]["inputs"] != next(views(plain, band))["inputs"]).any()


def test_some_windows_begin_within_a_note():
    leading = [
        np.trim_zeros(line)[0] for ex in tokens_of(SHORT, sequence_of(BAND)) for line in ex[:2]
    ]
    assert leading.count(1) > 0  # so that the test above covers note-offs before all notes


def test_notes_that_leave_the_range_are_left_out():
    tokens = tf.constant([1, 0, 89, 0, 1, 50, 88, 0, 1, 0])
    moved = transposed_line(tokens, tf.constant([2]), 90)
    assert moved.numpy().tolist() == [1, 0, 0, 0, 0, 52, 1, 0, 0, 0]


def test_evaluation_does_not_transpose():
    moving = TrioConverter(transpose_range=[3, 3])
    band = sequence_of(BAND)
    for mine, plain in zip(views(moving, band), views(TrioConverter(), band), strict=True):
        np.testing.assert_array_equal(mine["inputs"], plain["inputs"])


def test_transposition_is_uniform_and_drawn_for_each_example():
    moving = TrioConverter(slice_bars=1, transpose_range=[-3, 3])
    example = next(moving.to_examples(piece(*beat(1, MELODY, BASS, DRUMS))))
    batch = {name: np.stack([array] * 3000) for name, array in example.items()}
    inputs = to_model(moving, batch, True, tf.constant([2, 1]))["inputs"].numpy()
    melody, bass, drums = (p[:, 0].argmax(-1) for p in np.split(inputs, [90, 180], axis=-1))
    np.testing.assert_array_equal(melody, bass)
    assert (drums == drums[0]).all()
    counts = np.bincount(melody - (40 - 19) + 3, minlength=7)
    expected = 3000 / 7
    assert len(counts) == 7
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected * 6 / 7)).all()

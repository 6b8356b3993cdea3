"""The segments of a sequence between its changes."""

import numpy as np

from lofi_tf.music.split_sequences import split_segments
from lofi_tf.music.sustain import sustained_parts
from tests.pieces import named_piece as piece
from tests.pieces import scale


def test_split_segments_of_a_piece_without_changes_is_the_piece():
    sequence = piece(*scale(4), tempos=[(0, 90), (2, 90)])
    assert split_segments(sequence)[0].sequence is sequence


def test_split_segments_of_a_piece_with_changes_keep_what_converters_read():
    sequence = piece(*scale(8), tempos=[(0, 120), (3, 90), (6, 60)])
    sequence.time_signatures.add(time=0, numerator=4, denominator=4)
    sequence.key_signatures.add(time=1, key=7)
    sequence.text_annotations.add(time=2, text="C", annotation_type=1)
    for time, value in [(0.2, 127), (2.9, 0), (4.1, 127), (7.2, 0)]:
        sequence.control_changes.add(time=time, control_number=64, control_value=value)
    found = [sustained_parts(part.sequence) for part in split_segments(sequence)]
    known = sustained_parts(sequence)
    assert len(known) == 3
    for (ours,), theirs in zip(found, known, strict=True):
        for name, column in vars(ours.notes).items():
            np.testing.assert_array_equal(column, getattr(theirs.notes, name))
        for name in ("total_seconds", "time_signatures", "tempos", "chords", "keys"):
            assert getattr(ours, name) == getattr(theirs, name)

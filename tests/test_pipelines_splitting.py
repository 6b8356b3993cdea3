"""The parts of a piece between its changes, and the filters that look at them."""

import numpy as np
import pytest

from lofi_tf.music.split_sequences import split_segments
from lofi_tf.music.splits import part_of
from lofi_tf.music.sustain import sustained_parts
from pipelines.filters import Filters
from tests.pieces import named_piece as piece
from tests.pieces import scale


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), None),
        (Filters(max_total_time=3.9), "max_total_time"),
        (Filters(max_num_notes=3), "max_num_notes"),
        (Filters(min_velocities=2), None),
        (Filters(min_velocities=3), "min_velocities"),
        (Filters(min_metric_positions=3), None),
        (Filters(min_metric_positions=4), "min_metric_positions"),
        (Filters(is_drum=True), "min_velocities"),
        (Filters(is_drum=False, min_velocities=2), None),
        (Filters(drums_only=True), "drums_only"),
    ],
)
def test_filters_of_four_notes(filters, expected):
    # At 120 qpm a sixteenth of a quarter is 1/32 s: places 0, 0, 1 and 8 of a quarter.
    notes = [(60, 0, 1), (62, 0.5, 1), (64, 1 + 1 / 32, 2, 90), (65, 1.25, 4, 90)]
    assert filters.rule_against(part_of(piece(*notes))) == expected


def test_filters_count_drums_only_where_asked():
    sequence = piece((36, 0, 1, 70), (60, 0, 1, 80))
    sequence.notes[0].is_drum = True
    part = part_of(sequence)
    assert Filters(is_drum=True).rule_against(part) is None
    assert Filters(is_drum=True, min_velocities=2).rule_against(part) == "min_velocities"


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

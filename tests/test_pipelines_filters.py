"""The filters that look at the segments between changes."""

import pytest

from lofi_tf.music.splits import part_of
from pipelines.filters import Filters
from tests.pieces import named_piece as piece


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

"""Features of excerpts against values worked out by hand."""

import math

import numpy as np
import pytest

from lofi_tf.evaluation import music_features as features
from lofi_tf.evaluation.music_features import FEATURES, excerpt_of
from tests.mirrors import CLOSED, KICK, SNARE, drums, melody

SCALE = melody(*((2 * n, 2, pitch) for n, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))))


def of(piece, num_bars=None):
    return excerpt_of(piece, 4, num_bars)


def test_notes_a_bar_count_empty_bars():
    assert features.notes_a_bar(of(drums((0, KICK), (4, SNARE), (8, KICK)), 2)) == 1.5


@pytest.mark.parametrize(
    ("pitches", "bits"), [((60, 72, 48), 0), ((60, 62, 64, 65), 2), ((60, 60, 67, 62), 1.5)]
)
def test_pitch_class_entropy_is_that_of_its_shares(pitches, bits):
    piece = melody(*((4 * n, 4, pitch) for n, pitch in enumerate(pitches)))
    assert features.pitch_class_entropy(of(piece)) == pytest.approx(bits)


def test_scale_of_c_major_is_consistent_whatever_its_key():
    higher = melody(*((n, 1, note.pitch + 3) for n, note in enumerate(SCALE.notes)))
    assert features.scale_consistency(of(SCALE)) == pytest.approx(1)
    assert features.scale_consistency(of(higher)) == pytest.approx(1)


def test_chromatic_scale_is_consistent_by_seven_of_twelve():
    piece = melody(*((n, 1, 60 + n) for n in range(12)))
    assert features.scale_consistency(of(piece)) == pytest.approx(7 / 12)


def test_polyphony_counts_sounding_steps_alone():
    piece = melody((0, 4, 60), (2, 4, 64), (12, 2, 67))  # 2 steps of one, 2 of two, 2, 2 of one
    assert features.polyphony(of(piece)) == pytest.approx((2 + 4 + 2 + 2) / 8)


def test_range_and_lengths_of_a_line():
    piece = melody((0, 1, 60), (1, 4, 67), (5, 4, 55), (9, 16, 60))
    assert features.pitch_range(of(piece)) == 12
    assert features.note_lengths(of(piece)).tolist() == [0.25, 0, 0, 0.5, 0, 0, 0, 0.25]


def test_empty_beats_are_those_without_sound():
    piece = melody((0, 4, 60), (9, 4, 60))  # sounds in beats 1, 3 and 4 of 8
    assert features.empty_beats(of(piece, 2)) == pytest.approx(5 / 8)


def test_groove_consistency_is_the_share_of_steps_that_agree():
    piece = drums((0, KICK), (8, KICK), (16, SNARE), (20, SNARE))  # step 0 in both, 4 and 8 in one
    assert features.groove_consistency(of(piece)) == pytest.approx(14 / 16)
    assert math.isnan(features.groove_consistency(of(drums((0, KICK)))))


def test_self_similarity_is_the_mean_jaccard_index_of_pairs_of_bars():
    beat = [(0, KICK), (4, SNARE), (8, KICK)]
    third = [(0, KICK), (4, KICK)]  # one note in common with the others, of four
    hits = [*beat, *((16 + s, d) for s, d in beat), *((32 + s, d) for s, d in third)]
    assert features.self_similarity(of(drums(*hits))) == pytest.approx((1 + 0.25 + 0.25) / 3)


def test_shares_of_drums_are_in_the_order_of_nine():
    found = features.drum_shares(of(drums((0, KICK), (2, CLOSED), (4, SNARE), (6, CLOSED))))
    assert found.tolist() == [0.25, 0.25, 0.5, 0, 0, 0, 0, 0, 0]


def test_looseness_and_accents_are_spreads():
    piece = of(drums((4, KICK, 60, 0.1), (8, SNARE, 100, -0.1)))
    assert features.looseness(piece) == pytest.approx(0.1)
    assert features.accents(piece) == pytest.approx(20)
    assert piece.late == pytest.approx([0.1, -0.1])


def test_features_of_music_without_notes_are_not_known():
    known = {"notes a bar": 0, "empty beats": 1, "groove consistency": 1}
    for name, feature in FEATURES.items():
        value = np.asarray(feature(of(drums(), 2)))
        assert np.isnan(value).all() if name not in known else value == known[name], name

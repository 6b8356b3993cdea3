"""Nearest training examples against distances worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.excerpt_codes import Codes
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.evaluation.memorization import (
    SHIFTS,
    by_hits,
    by_steps,
    farther,
    nearest_tables,
    touch,
)
from tests.mirrors import KICK, SNARE, drums, melody
from tests.pieces import BASS, DRUMS, MELODY, beat, ensemble_piece, melody_piece, trio_piece


def line(*tokens: int) -> Codes:
    array = np.array([tokens], np.int16)
    return Codes(array, np.ones(array.shape[1], bool))


def together(*codes: Codes) -> Codes:
    return Codes(np.concatenate([one.tokens for one in codes]), codes[0].pitched)


def hits(*rows, velocity=100.0, late=0.0) -> Codes:
    found = np.array(rows, bool)
    values = found.astype(np.float32)
    return Codes(hits=found, velocities=velocity * values, late=late * values)


def test_hamming_distance_is_the_share_of_steps_that_differ():
    bank = together(line(40, 0, 42, 1), line(40, 0, 44, 0), line(2, 2, 2, 2))
    found = by_steps(line(40, 0, 44, 1), bank)
    assert found.distances == pytest.approx([0.25])
    assert found.rows[0] in (0, 1)


def test_best_transposition_moves_notes_and_nothing_else():
    bank = together(line(45, 0, 47, 1), line(40, 0, 40, 0))
    found = by_steps(line(40, 0, 42, 1), bank, SHIFTS)
    assert found.distances == pytest.approx([0]) and found.rows.tolist() == [0]
    assert by_steps(line(40, 0, 42, 1), bank).distances == pytest.approx([0.5])


def test_an_octave_is_too_far_to_transpose():
    assert by_steps(line(40, 42), line(52, 54), SHIFTS).distances == pytest.approx([1])


def test_chords_are_transposed_around_their_twelve_roots():
    codes = Codes(np.array([[2 + 24 * 11 + 3, 0, 1]]), np.ones(3, bool), 24, 288)  # Bmaj7
    other = Codes(np.array([[2 + 24 * 1 + 3, 0, 1]]), np.ones(3, bool), 24, 288)  # C#maj7
    assert by_steps(codes, other, SHIFTS).distances == pytest.approx([0])
    assert by_steps(codes, other, range(2)).distances == pytest.approx([1 / 3])


def test_more_steps_than_a_byte_counts():
    rows = np.zeros([2, 600], np.int16)
    rows[1, :300] = 2
    codes = Codes(rows, np.ones(600, bool))
    assert by_steps(codes.take([0]), codes.take([1])).distances == pytest.approx([0.5])


def test_jaccard_distance_of_hits_and_their_touch():
    bank = hits([1, 1, 0, 0], [0, 0, 0, 1], velocity=80.0, late=0.1)
    one = hits([1, 1, 1, 0])
    found = by_hits(one, bank)
    assert found.distances == pytest.approx([1 / 3]) and found.rows.tolist() == [0]
    velocity, late = touch(one, bank, found)
    assert velocity == pytest.approx([20]) and late == pytest.approx([0.1])


def test_of_equal_hits_the_nearest_velocities_count():
    both = np.array([[True, False]] * 2)
    bank = Codes(hits=both, velocities=both * np.array([[120.0], [40.0]]), late=both * 0.0)
    assert by_hits(hits([1, 0], velocity=50.0), bank).rows.tolist() == [1]


def test_farther_is_the_probability_and_score_of_mann_and_whitney():
    assert farther(np.array([1.0, 2.0]), np.array([0.0, 0.5]))[0] == 1
    assert farther(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == (0.5, 0)
    chance, score = farther(np.zeros(10), np.ones(10))
    assert chance == 0 and score == pytest.approx(-50 / np.sqrt(100 * 21 / 12))


def test_tables_count_and_name_copies_and_leave_silence_out():
    bank = together(line(40, 0, 42, 1), line(0, 0, 0, 0), line(60, 1, 0, 0))
    samples = together(line(0, 0, 0, 0), line(60, 1, 0, 0), line(50, 51, 52, 53))
    sets = {"samples": samples, "held-out": line(40, 0, 42, 0)}
    distances, copies = nearest_tables(sets, bank, np.array(["a", "b", "c"]))
    first = dict(zip(distances.columns, distances.rows[0], strict=True))
    assert first["set"] == "steps: samples"
    assert first["excerpts"] == 2 and first["copies"] == 1
    assert copies.rows[0] == ["steps 1", "c"]


@pytest.mark.parametrize(
    ("config", "piece"),
    [
        ("groovae_2bar_humanize", drums((0, KICK, 90, 0.2), (4, SNARE, 70), (20, KICK))),
        ("cat-drums_2bar_small", drums((0, KICK), (0, SNARE), (4, SNARE), (20, KICK))),
        ("nade-drums_2bar_full", drums((0, KICK), (4, SNARE), (20, KICK), (31, KICK))),
        ("flat-trio_16bar", trio_piece(*beat(16, MELODY, BASS, DRUMS))),
        (
            "hier-multiperf_vel_1bar_med",
            ensemble_piece(*((i, 60 + n, 4 * n, 4 * n + 4) for i in (0, 1) for n in range(4))),
        ),
        (
            "lofi_chords",
            melody_piece(
                *((p, 0, 32) for p in (48, 60, 64, 67)), *((p, 32, 64) for p in (45, 60, 64, 69))
            ),
        ),
        ("cat-mel_2bar_big", melody((0, 4, 60), (4, 2, 64), (8, 24, 62))),
    ],
)
def test_stored_and_decoded_music_has_the_same_codes(config, piece):
    config = load_config(config)
    converter = build_converter(config.data.converter)
    (example, *_) = converter.to_examples(piece)
    arrays = {name: np.stack([array]) for name, array in example.items()}
    steps = config.model.max_seq_len
    stored = converter.codes_of_examples(arrays, steps)
    targets = to_model(converter, {k: tf.constant(v) for k, v in arrays.items()}, False, None)
    decoded = converter.codes_of_outputs(targets["targets"].numpy())
    for name in ("tokens", "hits"):
        first, second = getattr(stored, name), getattr(decoded, name)
        assert (first is None and second is None) or np.array_equal(first, second)
    if stored.velocities is not None:
        assert stored.velocities == pytest.approx(decoded.velocities)
        assert stored.late == pytest.approx(decoded.late, abs=1e-6)
        assert stored.late.max() == pytest.approx(0.2, abs=1e-6)
    assert not stored.silent.any()

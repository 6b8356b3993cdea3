"""The performance converter: what it refuses, and its transposition by closed form."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import sequence_of
from tests.pieces import DUO, events_of, moved_piece, views
from tests.pieces import ensemble_piece as piece

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band1.mid"
CHORDS = GOLDEN / "inputs" / "band1_chords.pb"
CONVERTER = MultiPerformanceConverter(num_velocity_bins=8)


def test_depths_are_magentas():
    converter = build_converter(load_config("hier-multiperf_vel_1bar_med_chords").data.converter)
    assert converter.depth == 490 and converter.end_token == 489
    assert converter.model_spec["inputs"].shape == (512, 490)
    assert converter.model_spec["controls"].shape == (512, 49)
    assert converter.model_spec["length"].shape == (8,)


# Refusals


@pytest.mark.parametrize(
    ("rule", "sequence", "received"),
    [
        ("no_notes", piece(), "none"),
        ("metre", piece((0, 60, 0, 96), metres=[(3, 4, 0)]), "3/4"),
        ("tempo", piece((0, 60, 0, 96), tempos=[(0, 0)]), "0 qpm"),
        ("too_long", piece((0, 60, 0, 1e9)), " s"),
        ("few_instruments", piece((0, 60, 0, 96)), "1"),
        ("many_instruments", piece(*((i, 60, 0, 96) for i in range(9))), "9"),
        ("few_events", piece((0, 60, 0, 96), (1, 60, 0, 96)), "6"),
        ("many_events", piece((9, 36, 0, 1), *((0, 60, s, s + 1) for s in range(30))), "91"),
        ("pitch_range", piece((0, 60, 0, 24), (1, 130, 0, 24)), "130"),
        ("program", piece((0, 60, 0, 24), (20, 62, 0, 24)), "instrument 20"),
    ],
)
def test_refusal_says_rule_and_what_came(rule, sequence, received):
    converter = dataclasses.replace(CONVERTER, num_velocity_bins=0)
    with pytest.raises(NotConvertible) as refused:
        list(converter.to_examples(sequence))
    assert refused.value.rule == rule
    assert rule in str(refused.value) and "Allowed: " in str(refused.value)
    assert received in str(refused.value).partition("Received: ")[2]


def test_a_bar_that_cannot_be_taken_costs_no_other():
    bars = [
        (i, 60 + i, 96 * b + s, 96 * b + s + 9) for b in range(3) for i in (0, 1) for s in (0, 9)
    ]
    first, *others = events_of(CONVERTER, piece(*bars))
    assert others == [first, first]
    assert events_of(CONVERTER, piece(*bars, (0, 130, 100, 110))) == [first, first]
    mixed = piece(*bars)
    mixed.notes[0].is_drum = True
    assert events_of(CONVERTER, mixed) == [first, first]


def test_chords_that_cannot_be_taken_drop_their_bar():
    converter = dataclasses.replace(CONVERTER, chord_encoding="triad")
    bars = [
        (i, 60 + i, 96 * b + s, 96 * b + s + 9) for b in range(3) for i in (0, 1) for s in (0, 9)
    ]
    for bad, rule in (("Csus4", "unknown_chord"), ("nonsense", "unknown_chord")):
        some = piece(*bars, chords=[("C", 0), (bad, 96), ("C", 192)])
        assert len(list(converter.to_examples(some))) == 2
        with pytest.raises(NotConvertible) as refused:
            list(converter.to_examples(piece(*bars, chords=[(bad, 0)])))
        assert refused.value.rule == rule
    clash = piece(*bars, chords=[("C", 0), ("G", 96), ("C", 96.2)])
    assert len(list(converter.to_examples(clash))) == 2


def test_longer_pieces_can_be_refused():
    converter = dataclasses.replace(CONVERTER, first_subsequence_only=True, min_total_events=1)
    assert len(list(converter.to_examples(piece((0, 60, 0, 96), (1, 60, 0, 96))))) == 1
    with pytest.raises(NotConvertible, match="not_first_only.*Received: 2 examples"):
        list(converter.to_examples(piece((0, 60, 0, 97), (1, 60, 0, 96))))


def test_cap_draws_in_training_and_takes_the_first_otherwise():
    band = sequence_of(BAND)
    every = events_of(CONVERTER, band)
    capped = dataclasses.replace(CONVERTER, max_tensors_per_notesequence=3)
    assert events_of(capped.with_mode("eval"), band) == every[:3]
    drawn = [events_of(dataclasses.replace(capped, seed=seed), band) for seed in range(4)]
    assert all(len(windows) == 3 for windows in drawn) and any(d != every[:3] for d in drawn)


def test_stretching_leaves_music_in_its_own_tempo_alone():
    slower = dataclasses.replace(CONVERTER, stretch_range=[1.5, 1.5])
    assert events_of(slower, sequence_of(BAND)) == events_of(CONVERTER, sequence_of(BAND))


# Transposition


@pytest.mark.parametrize("shift", [-3, 2, 3])
@pytest.mark.parametrize("chords", [None, "triad"])
def test_transposing_equals_converting_a_transposed_piece(shift, chords):
    plain = dataclasses.replace(CONVERTER, chord_encoding=chords)
    moving = dataclasses.replace(plain, transpose_range=[shift, shift])
    band = sequence_of(CHORDS)
    ours = list(views(moving, band, training=True))
    theirs = list(views(plain, moved_piece(band, shift)))
    assert len(ours) == len(theirs) == 11
    for mine, reference in zip(ours, theirs, strict=True):
        for name, array in reference.items():
            np.testing.assert_array_equal(mine[name], array)
    assert (ours[0]["inputs"] != next(views(plain, band))["inputs"]).any()


def test_evaluation_does_not_transpose():
    moving = dataclasses.replace(CONVERTER, transpose_range=[3, 3])
    for mine, plain in zip(views(moving, DUO), views(CONVERTER, DUO), strict=True):
        np.testing.assert_array_equal(mine["inputs"], plain["inputs"])


def test_transposition_is_uniform_and_drawn_for_each_example():
    moving = MultiPerformanceConverter(
        num_velocity_bins=8,
        max_num_instruments=2,
        max_events_per_instrument=16,
        transpose_range=[-3, 3],
    )
    example = next(moving.to_examples(DUO))
    batch = {name: np.stack([array] * 1000) for name, array in example.items()}
    draws = []
    for seed in range(3):
        inputs = to_model(moving, batch, True, tf.constant([seed, 1]))["inputs"].numpy()
        first_note = inputs[:, 2].argmax(-1)
        draws.append(first_note - 60)
        drums = inputs.reshape(-1, 2, 16, 490)[:, 1, 2].argmax(-1)
        assert (drums == 36).all()
    counts = np.bincount(np.concatenate(draws) + 3, minlength=7)
    expected = 3000 / 7
    assert len(counts) == 7
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected * 6 / 7)).all()
    assert (draws[0] != draws[1]).any()


def test_transposition_stops_where_a_note_would_leave_the_range():
    moving = dataclasses.replace(CONVERTER, transpose_range=[3, 3])
    high = piece((0, 60, 0, 9), (0, 126, 9, 12), (9, 127, 0, 9), (9, 0, 12, 15))
    inputs = next(views(moving, high, training=True))["inputs"].reshape(8, 64, 490)
    assert inputs[0, 2].argmax() == 61 and inputs[1, 2].argmax() == 127


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_velocity_bins": 128}, "num_velocity_bins must be at least 0 and at most 127"),
        ({"num_velocity_bins": -1}, "num_velocity_bins"),
        ({"hop_size_bars": 0}, "hop_size_bars"),
        ({"hop_size_bars": 3, "chunk_size_bars": 2}, "multiple of chunk_size_bars"),
        ({"min_pitch": 60, "max_pitch": 59}, "min_pitch and max_pitch"),
        ({"max_pitch": 128}, "max_pitch"),
        ({"min_num_instruments": 9}, "above max_num_instruments"),
        ({"max_events_per_instrument": 2}, "max_events_per_instrument"),
        ({"first_subsequence_only": 1}, "first_subsequence_only"),
        ({"chord_encoding": "pitch"}, "chord_encoding"),
        ({"transpose_range": [3, -3]}, "transpose_range"),
        ({"stretch_range": [0, 1]}, "stretch_range"),
        ({"mode": "test"}, "mode"),
        ({"max_tensors_per_notesequence": 0}, "max_tensors_per_notesequence"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LofiError, match=message):
        MultiPerformanceConverter(**options)

"""What a melody is."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import note_rows, sequence_of
from tests.pieces import melody_piece as piece
from tests.pieces import tokens_of

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band0.mid"

# Conversion


def test_a_melody_by_hand():
    sequence = piece((60, 0, 4), (64, 4, 6), (60, 4, 8), (67, 8, 16), (72, 14, 20))
    melody = [41, 0, 0, 0, 45, 0, 1, 0, 48, 0, 0, 0, 0, 0, 53, 0] + [0, 0, 0, 0, 1] + [0] * 11
    assert tokens_of(MelodyConverter(), sequence) == [melody]
    assert tokens_of(MelodyConverter(slice_bars=1), sequence) == [melody[:16], [0] * 16]


def test_windows_hop_a_bar_and_equal_ones_count_once():
    notes = [(60 + step % 2, 16 * step, 16 * step + 8) for step in range(5)]
    windows = tokens_of(MelodyConverter(slice_bars=2), piece(*notes))
    assert len(windows) == 2 and windows[0] != windows[1]
    every = MelodyConverter(slice_bars=2, dedupe_event_lists=False)
    assert tokens_of(every, piece(*notes)) == [*windows, *windows]


def test_a_tempo_change_splits_the_piece_and_its_note():
    sequence = piece((60, 0, 40), tempos=[(120, 0), (60, 4.0)])
    assert tokens_of(MelodyConverter(), sequence) == [[41] + [0] * 31]
    with pytest.raises(NotConvertible, match="tempo_change"):
        tokens_of(MelodyConverter(presplit_on_time_changes=False), sequence)


def test_parts_in_another_metre_are_left_out():
    notes = [(60 + bar, 16 * bar, 16 * bar + 4) for bar in range(8)]
    sequence = piece(*notes, metres=[(4, 4, 0), (3, 4, 8.0)])
    on = {bar: 60 + bar - 19 for bar in range(4)}
    assert tokens_of(MelodyConverter(slice_bars=2), sequence) == [
        [{0: on[bar], 4: 1, 16: on[bar + 1], 20: 1}.get(step, 0) for step in range(32)]
        for bar in range(3)
    ]


NOTE = (60, 0, 16)


@pytest.mark.parametrize(
    ("rule", "options", "sequence"),
    [
        ("no_notes", {}, piece()),
        ("no_notes", {}, piece((20, 0, 4), (109, 4, 8))),
        ("no_notes", {"valid_programs": [1]}, piece(NOTE)),
        ("no_notes", {"skip_polyphony": True}, piece(NOTE, (64, 0, 16))),
        ("too_short", {"slice_bars": 2}, piece(NOTE)),
        ("metre", {}, piece(NOTE, metres=[(3, 4, 0)])),
        ("tempo", {}, piece(NOTE, tempos=[(0, 0)])),
        ("too_long", {}, piece((60, 0, 9e6))),
        ("negative_time", {"presplit_on_time_changes": False}, piece((60, -16, 16))),
        ("unknown_chord", {"chord_encoding": "triad"}, piece(NOTE, chords=[("Csus", 1)])),
        ("no_key", {"condition_on_key": True}, piece(NOTE, chords=[("C", 1)])),
    ],
)
def test_refusal_says_rule_and_what_came(rule, options, sequence):
    with pytest.raises(NotConvertible, match=f"{rule}: .*Allowed: .*Received: ") as refused:
        tokens_of(MelodyConverter(**options), sequence)
    assert refused.value.rule == rule


def test_refusal_names_the_programs_that_count_and_those_that_came():
    sequence = piece(NOTE, (64, 16, 20), (36, 0, 1))
    for note, (program, is_drum) in zip(sequence.notes, [(53, 0), (40, 0), (0, 1)], strict=True):
        note.program, note.is_drum = program, bool(is_drum)
    with pytest.raises(NotConvertible) as refused:
        tokens_of(MelodyConverter(valid_programs=[*range(32), 35]), sequence)
    text = str(refused.value)
    assert "of program 0-31, 35 (the option valid_programs)" in text
    assert "Received: 3 notes, 1 of them drums, of program 40, 53" in text


def test_an_unknown_chord_costs_its_windows_only_or_the_part():
    notes = [(60 + bar, 16 * bar, 16 * bar + 4) for bar in range(4)]
    sequence = piece(*notes, chords=[("C", 0), ("Fsus", 48)])
    converter = MelodyConverter(slice_bars=1, chord_encoding="triad")
    assert len(tokens_of(converter, sequence)) == 3
    with pytest.raises(NotConvertible, match="1 of 4 examples .*Received: Fsus"):
        tokens_of(dataclasses.replace(converter, unknown_chord="error"), sequence)


def test_of_chords_on_one_step_the_last_counts_or_none():
    sequence = piece(NOTE, chords=[("F", 4.2), ("C", 0), ("Am", 3.9)])
    converter = MelodyConverter(chord_encoding="triad")
    example = next(converter.to_examples(sequence))
    assert example["chords"].tolist() == [1] * 4 + [6] * 12
    with pytest.raises(NotConvertible, match="coincident_chords: .*Am and F at step 4"):
        tokens_of(dataclasses.replace(converter, coincident_chords="error"), sequence)


def test_chords_and_keys_of_each_step():
    sequence = piece(
        *((60, 0, 16), (62, 16, 32)), chords=[("Am", 4), ("Bdim", 20)], keys=[(3, 8), (5, 16)]
    )
    converter = MelodyConverter(chord_encoding="triad", condition_on_key=True, add_end_token=True)
    example = next(converter.to_examples(sequence))
    assert example["chords"].tolist() == [0] * 4 + [22] * 16 + [48] * 13
    assert example["keys"].tolist() == [3] * 16 + [5] * 17
    assert example["tokens"][-1] == 90 and example["length"] == 33
    view = to_model(converter, example, training=False)
    controls = view["controls"].numpy()
    assert controls.shape == (33, 61) and (controls.sum(-1) == 2).all()
    decoded = converter.from_outputs(view["targets"].numpy(), qpm=60, controls=controls)
    found = [(a.time, a.text) for a in decoded.text_annotations]
    assert found == [(0, "N.C."), (1, "Am"), (5, "Bdim")]
    assert [(k.time, k.key) for k in decoded.key_signatures] == [(0, 3), (4, 5)]


@pytest.mark.parametrize("qpm", [120.0, 97.0])
def test_decoded_notes_by_hand(qpm):
    tokens = [0, 1, 41, 0, 1, 45, 46, 0]
    outputs = np.eye(90)[tokens] * 0.3
    sequence = MelodyConverter().from_outputs(outputs, qpm)
    step = 15 / qpm
    expected = [
        [60, 80, 2 * step, 4 * step, 0, 0, 0],
        [64, 80, 5 * step, 6 * step, 0, 0, 0],
        [65, 80, 6 * step, 8 * step, 0, 0, 0],
    ]
    np.testing.assert_allclose(note_rows(sequence), expected, rtol=1e-15)
    assert sequence.total_time == pytest.approx(8 * step) and sequence.tempos[0].qpm == qpm


def test_outputs_and_controls_of_another_shape_are_refused():
    converter = MelodyConverter(chord_encoding="triad")
    with pytest.raises(LofiError, match=r"Allowed: \[T, 90\]"):
        converter.from_outputs(np.zeros((4, 91)))
    with pytest.raises(LofiError, match=r"Allowed: \[T, 49\]"):
        converter.from_outputs(np.zeros((4, 90)), controls=np.zeros((4, 48)))


def test_cap_draws_in_training_and_takes_the_first_otherwise():
    sequence = sequence_of(BAND)
    converter = MelodyConverter(slice_bars=2, max_tensors_per_notesequence=3)
    every = tokens_of(dataclasses.replace(converter, max_tensors_per_notesequence=None), sequence)
    assert tokens_of(converter.with_mode("eval"), sequence) == every[:3]
    drawn = [tokens_of(dataclasses.replace(converter, seed=s), sequence) for s in range(4)]
    assert drawn[1] == tokens_of(dataclasses.replace(converter, seed=1), sequence)
    assert all(len(windows) == 3 for windows in drawn) and drawn[0] != drawn[1]


def test_stretch_moves_times_and_divides_tempos():
    sequence = piece((60, 0, 4), (62, 8, 16))
    slower = MelodyConverter(stretch_range=[2, 2])  # no tempo is given: 120 qpm stays
    assert tokens_of(slower, sequence)[0][:17] == [41, *[0] * 7, 1, *[0] * 7, 43]
    sequence.tempos.add(qpm=120)
    assert tokens_of(slower, sequence) == tokens_of(MelodyConverter(), sequence)
    sequence = piece(*((60 + i, 3 * i, 3 * i + 2) for i in range(20)))
    drawn = [
        tokens_of(MelodyConverter(stretch_range=[0.5, 2], seed=s), sequence) for s in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


# Options


def test_converter_is_pickled_with_its_options():
    converter = MelodyConverter(slice_bars=2, valid_programs=range(32), transpose_range=[-5, 5])
    again = pickle.loads(pickle.dumps(converter))
    assert again == converter and again.transpose_range == (-5, 5)


@pytest.mark.parametrize(
    "options",
    [
        {"gap_bars": "1"},
        {"valid_programs": 3},
        {"transpose_range": [5, -5]},
        {"transpose_range": 5},
        {"stretch_range": [1.2, 1.1]},
        {"min_pitch": 60, "max_pitch": 60},
        {"chord_encoding": "major_minor"},
        {"unknown_chord": "nearest"},
        {"coincident_chords": "first"},
    ],
)
def test_bad_options_are_refused_with_what_is_allowed(options):
    with pytest.raises(LofiError, match="(Allowed: |must be ).*Received: "):
        MelodyConverter(**options)

"""The events of a performance by hand: notes to tokens and back, chords, the sustain pedal."""

import dataclasses

import numpy as np
import pytest

from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.converters.performance_events import (
    Note,
    Vocabulary,
    decode,
    encode,
    limited,
    segment_notes,
)
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError
from lofi_tf.music.chords import triad_of
from lofi_tf.music.sustain import sustained_parts
from tests.converter_parity import note_rows
from tests.pieces import DUO, events_of, views
from tests.pieces import STEP_24 as STEP
from tests.pieces import ensemble_piece as piece

VOCABULARY = Vocabulary(num_velocity_bins=8, max_shift=96)
CONVERTER = MultiPerformanceConverter(num_velocity_bins=8)


def test_a_segment_is_program_events_end():
    on, off, shift, velocity = 0, 128, 255, 352
    piano, drums = events_of(CONVERTER, DUO)[0][:2]
    bin_of_80 = velocity + (80 - 1) // 16
    assert piano == [
        *(360, bin_of_80, on + 60, shift + 24, off + 60, on + 64, shift + 24, off + 64, on + 62),
        *(shift + 42, off + 62, shift + 6, 489),
    ]
    assert drums == [
        *(488, bin_of_80, on + 36, shift + 12, off + 36, shift + 36, on + 38, shift + 12),
        *(off + 38, shift + 36, 489),
    ]
    assert events_of(CONVERTER, DUO)[0][2:] == [[489]] * 6


def test_encode_and_decode_are_inverse():
    rng = np.random.default_rng(5)
    for _ in range(20):
        rows = {tuple(row) for row in rng.integers(0, 128, (9, 2)).tolist()}
        notes = [Note(s, s + 1 + p % 7, p, 1 + p % 8) for p, s in rows]
        notes = [n for n in notes if not any(m.pitch == n.pitch and m is not n for m in notes)]
        notes.sort(key=lambda n: (n.start, n.pitch))
        tokens = encode(notes, 0, 320, VOCABULARY)
        back = sorted(decode(tokens, VOCABULARY), key=lambda n: (n.start, n.pitch))
        assert [(n.start, n.end, n.pitch) for n in back] == [n[:3] for n in notes]
        assert [VOCABULARY.velocity_bin(n.velocity) for n in back] == [n.velocity for n in notes]
        shifts = [token - 255 for token in tokens if 256 <= token < 352]
        assert sum(shifts) == 320 and max(shifts) <= 96


def test_segments_cut_notes_and_pair_those_of_a_pitch_in_order():
    notes = [Note(0, 30, 60, 5), Note(5, 10, 60, 3), Note(90, 120, 62, 3), Note(96, 99, 64, 3)]
    first, second = segment_notes(notes, 2, 96, default_bin=7)
    assert first == [Note(0, 10, 60, 5), Note(5, 30, 60, 3), Note(90, 96, 62, 3)]
    assert second == [Note(96, 99, 64, 7)]  # said in the first segment, so not known here


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([3, 351, 131], [3, 351, 131]),
        ([3, 265], [3, 265, 341]),
        ([3, 351, 131, 4, 260], [3, 351, 131, 4]),
        ([3, 320, 4, 330, 5], [3, 320, 4, 286]),
        ([], [351]),
    ],
)
def test_events_are_made_a_bar_long(tokens, expected):
    assert limited(tokens, 96, VOCABULARY) == expected


def test_decoding_ignores_stray_tokens_and_ends_notes_that_nothing_ends():
    tokens = np.full((8, 64), 489)
    tokens[0, :8] = [
        60,
        128 + 50,
        361,
        255 + 24,
        128 + 60,
        488,
        64,
        489,
    ]  # no velocity, two programs
    outputs = np.eye(490)[tokens.reshape(-1)]
    notes = CONVERTER.from_outputs(outputs, qpm=60).notes
    rows = [(n.pitch, n.velocity, n.start_time, n.end_time, n.program, n.is_drum) for n in notes]
    assert rows == [(60, 100, 0.0, 1.0, 1, False), (64, 100, 1.0, 4.0, 1, False)]


@pytest.mark.parametrize("shape", [(512, 489), (511, 490), (1, 512, 490)])
def test_outputs_of_another_shape_are_refused(shape):
    with pytest.raises(LofiError, match=r"Allowed: \[512, 490\]"):
        CONVERTER.from_outputs(np.zeros(shape))
    with pytest.raises(LofiError, match=r"controls of another shape. Allowed: \[512, 49\]"):
        converter = dataclasses.replace(CONVERTER, chord_encoding="triad")
        converter.from_outputs(np.zeros((512, 490)), controls=np.zeros((512, 48)))


def test_chords_are_those_in_force_at_each_event():
    converter = dataclasses.replace(CONVERTER, chord_encoding="triad")
    sequence = piece(*((i, 60, 0, 24) for i in (0, 1)), *((i, 60, 48, 72) for i in (0, 1)))
    for text, step in (("Am", 0), ("F/C", 48)):
        sequence.text_annotations.add(text=text, time=step * STEP, annotation_type=1)
    example = next(converter.to_examples(sequence))
    am, f = triad_of("Am"), triad_of("F")
    # program, velocity, on, shift, off, shift, on, shift, off, shift, end
    assert example["chords"][0, :11].tolist() == [0, *[am] * 5, *[f] * 5]
    assert not example["chords"][2:].any()
    view = to_model(converter, example, training=False)
    decoded = converter.from_outputs(view["targets"].numpy(), controls=view["controls"].numpy())
    assert [(c.time, c.text) for c in decoded.text_annotations] == [(0.0, "Am"), (1.0, "F")]


def test_notes_are_magentas_after_a_round_trip():
    view = next(views(CONVERTER, DUO))
    rows = note_rows(CONVERTER.from_outputs(view["targets"]))
    assert rows[:, [0, 4, 6]].tolist() == [
        [60, 0, 0],
        [64, 0, 0],
        [62, 0, 0],
        [36, 1, 1],
        [38, 1, 1],
    ]
    np.testing.assert_array_equal(rows[:, 1], 65)  # the lowest velocity of 80's bin
    np.testing.assert_allclose(rows[:, 2] / STEP, [0, 24, 48, 0, 48], atol=1e-9)


# The sustain pedal


def ends_in_steps(sequence):
    notes = sustained_parts(sequence)[0].notes
    return np.round(notes.ends / STEP).astype(int).tolist()


def test_pedal_holds_notes_until_it_is_released_or_the_pitch_is_struck_again():
    notes = [(0, 60, 0, 10), (0, 64, 5, 10), (0, 60, 30, 35), (0, 67, 70, 80)]
    pedals = [(0, 127, 2), (0, 0, 50)]
    assert ends_in_steps(piece(*notes, pedals=pedals)) == [30, 50, 50, 80]
    assert ends_in_steps(piece(*notes, pedals=[(1, 127, 2), (1, 0, 50)])) == [10, 10, 35, 80]


def test_pedal_spares_drums_and_holds_to_the_last_event():
    notes = [(0, 60, 0, 10), (9, 36, 0, 10), (1, 50, 60, 90)]
    sequence = piece(*notes, pedals=[(0, 64, 2), (9, 127, 0)])
    assert ends_in_steps(sequence) == [90, 10, 90]
    assert ends_in_steps(piece(*notes, pedals=[(0, 63, 2)])) == [10, 10, 90]


def test_pedal_is_remembered_over_a_change_of_tempo():
    sequence = piece((0, 60, 0, 24), (0, 60, 48, 60), (0, 62, 90, 96), pedals=[(0, 127, 40)])
    sequence.tempos.add(qpm=120)
    sequence.tempos.add(qpm=100, time=47 * STEP)
    parts = sustained_parts(sequence)
    np.testing.assert_allclose(parts[1].notes.ends, [49 * STEP, 49 * STEP])

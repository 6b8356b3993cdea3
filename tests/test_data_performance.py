"""The performance converter beside Magenta's answers, and its transposition by closed form."""

import dataclasses
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import load_config
from lofi_tf.data.chords import figure_of, triad_of
from lofi_tf.data.converter import build_converter
from lofi_tf.data.performance import MultiPerformanceConverter
from lofi_tf.data.performance_events import Note, Vocabulary, decode, encode, limited, segment_notes
from lofi_tf.data.sequence_proto import NoteSequence
from lofi_tf.data.sustain import sustained_parts
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import check_converter, note_rows, sequence_of
from tests.ensemble_answers import cases, digests

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band1.mid"
CHORDS = GOLDEN / "inputs" / "band1_chords.pb"
EXAMPLES = {  # of the shipped part of the goldens
    "hier-multiperf_vel_1bar_med": 8 + 8 + 11,
    "hier-multiperf_vel_1bar_big": 8,
    "hier-multiperf_vel_1bar_med_chords": 11,
    "hier-multiperf_vel_1bar_big_chords": 11 + 11,
}
VOCABULARY = Vocabulary(num_velocity_bins=8, max_shift=96)
CONVERTER = MultiPerformanceConverter(num_velocity_bins=8)
STEP = 1 / 48  # seconds: a 24th of a quarter at 120 qpm
CASES = cases("multi_performance")


def piece(*notes, chords=(), tempos=(), metres=(), pedals=()):
    """Returns a NoteSequence of (instrument, pitch, first step, step after the last) notes, ...

    Instrument 9 is drums; the others' program is ten times their number. Pedals are
    (instrument, value, step).
    """
    sequence = NoteSequence()
    for instrument, pitch, start, end in notes:
        drums = instrument == 9
        sequence.notes.add(
            pitch=pitch,
            velocity=80,
            start_time=start * STEP,
            end_time=end * STEP,
            instrument=instrument,
            program=0 if drums else 10 * instrument,
            is_drum=drums,
        )
    for text, step in chords:
        sequence.text_annotations.add(text=text, time=step * STEP, annotation_type=1)
    for qpm, time in tempos:
        sequence.tempos.add(qpm=qpm, time=time)
    for numerator, denominator, time in metres:
        sequence.time_signatures.add(numerator=numerator, denominator=denominator, time=time)
    for instrument, value, step in pedals:
        sequence.control_changes.add(
            control_number=64, control_value=value, time=step * STEP, instrument=instrument
        )
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0)
    return sequence


def moved_piece(sequence, shift):
    """Returns a piece transposed before it is converted."""
    moved = NoteSequence.FromString(sequence.SerializeToString())
    for note in moved.notes:
        note.pitch += 0 if note.is_drum else shift
    for chord in moved.text_annotations:
        triad = triad_of(chord.text)
        if triad:
            quality, root = divmod(triad - 1, 12)
            chord.text = figure_of(1 + 12 * quality + (root + shift) % 12)
    return moved


def views(converter, sequence, training=False, seed=0):
    for example in converter.to_examples(sequence):
        view = converter.to_model(example, training, tf.constant([seed, 1]))
        yield {name: part.numpy() for name, part in view.items()}


def events_of(converter, sequence):
    """Returns the tokens of every segment that is there, of every example."""
    return [
        [row[:length].tolist() for row, length in zip(e["events"], e["length"], strict=True)]
        for e in converter.to_examples(sequence)
    ]


DUO = piece((0, 60, 0, 24), (0, 64, 24, 48), (9, 36, 0, 12), (9, 38, 48, 60), (0, 62, 48, 90))


# Parity with Magenta


@pytest.mark.parametrize("config", EXAMPLES)
def test_golden_tensors_match_magenta_bit_for_bit(config):
    rows = {row.check: row for row in check_converter(config, GOLDEN)}
    assert not [row for row in rows.values() if not row.ok]
    expected = {"files", "refusals", "count", "inputs", "outputs", "length", "notes"}
    assert set(rows) == expected | ({"controls"} if "chords" in config else set())
    assert rows["outputs"].compared == EXAMPLES[config]
    assert all(row.largest_difference == 0 for row in rows.values())


@pytest.mark.parametrize("index", range(len(CASES)))
def test_other_options_match_magenta(index):
    options, sequence, expected = CASES[index]
    assert digests(MultiPerformanceConverter(**options, mode="eval"), sequence) == expected


def test_cases_cover_what_they_should():
    assert sum(len(expected) for _, _, expected in CASES) > 150
    assert any(sequence.control_changes for _, sequence, _ in CASES)
    assert any(len(sequence.tempos) > 1 for _, sequence, _ in CASES)


@pytest.mark.parametrize("part", ["outputs", "length", "notes"])
def test_parity_fails_on_one_wrong_number(tmp_path, part):
    config = "hier-multiperf_vel_1bar_big"
    shutil.copytree(GOLDEN / "inputs", tmp_path / "inputs")
    (tmp_path / "tensors").mkdir()
    answers = dict(np.load(GOLDEN / f"tensors/{config}.npz"))
    key = f"eval|band3.mid|7|{part}"
    answers[key] = np.array(answers[key])
    answers[key].flat[0] += 1
    np.savez(tmp_path / f"tensors/{config}.npz", **answers)
    rows = {row.check: row for row in check_converter(config, tmp_path)}
    assert [check for check, row in rows.items() if not row.ok] == [part]


@pytest.mark.parametrize("config", EXAMPLES)
def test_examples_match_their_spec_and_the_graph_its_own(config):
    converter = pickle.loads(pickle.dumps(build_converter(load_config(config).data.converter)))
    examples = list(converter.to_examples(sequence_of(CHORDS)))
    for example in examples:
        assert set(example) == set(converter.example_spec)
        for name, spec in converter.example_spec.items():
            assert example[name].shape == spec.shape and example[name].dtype == spec.dtype
    batch = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    whole = converter.to_model(batch, training=False)
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    singles = list(dataset.map(lambda example: converter.to_model(example, False)))
    assert len(singles) == 11
    for index, view in enumerate(singles):
        for name, spec in converter.model_spec.items():
            assert spec.is_compatible_with(view[name])
            np.testing.assert_array_equal(view[name], whole[name][index])


def test_depths_are_magentas():
    converter = build_converter(load_config("hier-multiperf_vel_1bar_med_chords").data.converter)
    assert converter.depth == 490 and converter.end_token == 489
    assert converter.model_spec["inputs"].shape == (512, 490)
    assert converter.model_spec["controls"].shape == (512, 49)
    assert converter.model_spec["length"].shape == (8,)


# Events


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
    view = converter.to_model(example, training=False)
    decoded = converter.from_outputs(view["targets"].numpy(), controls=view["controls"].numpy())
    assert [(c.time, c.text) for c in decoded.text_annotations] == [(0.0, "Am"), (1.0, "F")]


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
    assert len(list(CONVERTER.to_examples(piece(*bars)))) == 3
    assert len(list(CONVERTER.to_examples(piece(*bars, (0, 130, 100, 110))))) == 2
    mixed = piece(*bars)
    mixed.notes[0].is_drum = True
    assert len(list(CONVERTER.to_examples(mixed))) == 2


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
        inputs = moving.to_model(batch, True, tf.constant([seed, 1]))["inputs"].numpy()
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
        ({"num_velocity_bins": 128}, "num_velocity_bins is too large"),
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

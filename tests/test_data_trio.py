"""The trio converter beside Magenta's answers, and its transposition by closed form."""

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
from lofi_tf.data.sequence_proto import NoteSequence
from lofi_tf.data.trio import TrioConverter
from lofi_tf.data.trio_model import transposed_line
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import check_converter, note_rows, sequence_of
from tests.ensemble_answers import cases, digests

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band4.mid"
EXAMPLES = {  # of the shipped part of the goldens
    "flat-trio_16bar": 12 + 12,
    "hierdec-trio_16bar": 12,
    "hier-trio_16bar": 12,
}
MAGENTAS_WAY = {"unknown_chord": "error", "coincident_chords": "error"}
SHORT = TrioConverter(slice_bars=2)
SIXTEENTH = 0.125  # seconds at 120 qpm
MELODY, BASS, DRUMS = (0, 0, False), (1, 33, False), (9, 0, True)  # instrument, program, drums
CASES = cases("trio")


def piece(*notes, chords=(), keys=(), tempos=(), metres=()):
    """Returns a NoteSequence of (part, pitch, first step, step after the last) notes, ..."""
    sequence = NoteSequence()
    for (instrument, program, is_drum), pitch, start, end in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=80,
            start_time=start * SIXTEENTH,
            end_time=end * SIXTEENTH,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
    for text, step in chords:
        sequence.text_annotations.add(text=text, time=step * SIXTEENTH, annotation_type=1)
    for key, step in keys:
        sequence.key_signatures.add(key=key, time=step * SIXTEENTH)
    for qpm, time in tempos:
        sequence.tempos.add(qpm=qpm, time=time)
    for numerator, denominator, time in metres:
        sequence.time_signatures.add(numerator=numerator, denominator=denominator, time=time)
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0)
    return sequence


def beat(num_bars, *parts, first_bar=0):
    """Returns notes of a quarter, two of each part in each bar."""
    bars = range(first_bar, first_bar + num_bars)
    return [(part, 40 + bar, 16 * bar + s, 16 * bar + s + 4) for bar in bars for part in parts
            for s in (0, 8)]  # fmt: skip


def moved_piece(sequence, shift):
    """Returns a piece transposed before it is converted."""
    moved = NoteSequence.FromString(sequence.SerializeToString())
    for note in moved.notes:
        note.pitch += 0 if note.is_drum else shift
    for key in moved.key_signatures:
        key.key = (key.key + shift) % 12
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


def tokens_of(converter, sequence):
    return [example["tokens"].T.tolist() for example in converter.to_examples(sequence)]


# Parity with Magenta


@pytest.mark.parametrize("config", EXAMPLES)
def test_golden_tensors_match_magenta_bit_for_bit(config):
    rows = {row.check: row for row in check_converter(config, GOLDEN)}
    assert not [row for row in rows.values() if not row.ok]
    assert set(rows) == {"files", "refusals", "count", "inputs", "outputs", "length", "notes"}
    assert rows["outputs"].compared == EXAMPLES[config]
    assert all(row.largest_difference == 0 for row in rows.values())


@pytest.mark.parametrize("index", range(len(CASES)))
def test_other_options_match_magenta(index):
    options, sequence, expected = CASES[index]
    converter = TrioConverter(**options, **MAGENTAS_WAY, mode="eval")
    assert digests(converter, sequence) == expected


def test_cases_cover_what_they_should():
    assert sum(len(expected) for _, _, expected in CASES) > 600
    assert any(len(sequence.tempos) > 1 for _, sequence, _ in CASES)
    assert any(note.instrument > 127 for _, sequence, _ in CASES for note in sequence.notes)


@pytest.mark.parametrize("part", ["outputs", "length", "notes"])
def test_parity_fails_on_one_wrong_number(tmp_path, part):
    config = "hier-trio_16bar"
    shutil.copytree(GOLDEN / "inputs", tmp_path / "inputs")
    (tmp_path / "tensors").mkdir()
    answers = dict(np.load(GOLDEN / f"tensors/{config}.npz"))
    key = f"eval|band4.mid|7|{part}"
    answers[key] = np.array(answers[key])
    answers[key].reshape(-1)[:1] += 1
    np.savez(tmp_path / f"tensors/{config}.npz", **answers)
    rows = {row.check: row for row in check_converter(config, tmp_path)}
    assert [check for check, row in rows.items() if not row.ok] == [part]


@pytest.mark.parametrize("options", [{}, {"chord_encoding": "triad", "condition_on_key": True}])
def test_examples_match_their_spec_and_the_graph_its_own(options):
    data = load_config("flat-trio_16bar").data.converter
    converter = pickle.loads(pickle.dumps(build_converter(data | options)))
    examples = list(converter.to_examples(sequence_of(BAND)))
    for example in examples:
        assert set(example) == set(converter.example_spec)
        for name, spec in converter.example_spec.items():
            assert example[name].shape == spec.shape and example[name].dtype == spec.dtype
    batch = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    whole = converter.to_model(batch, training=False)
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    singles = list(dataset.map(lambda example: converter.to_model(example, False)))
    assert len(singles) == 12
    for index, view in enumerate(singles):
        for name, spec in converter.model_spec.items():
            assert spec.is_compatible_with(view[name])
            np.testing.assert_array_equal(view[name], whole[name][index])


def test_depths_are_magentas():
    converter = build_converter(load_config("hierdec-trio_16bar").data.converter)
    assert converter.depths == (90, 90, 512)
    assert converter.model_spec["inputs"].shape == (256, 692)
    both = dataclasses.replace(converter, chord_encoding="triad", condition_on_key=True)
    assert both.model_spec["controls"].shape == (256, 61)


# What a trio is


def test_a_step_is_melody_bass_and_drums():
    sequence = piece(
        *((MELODY, 60, 0, 4), (MELODY, 62, 8, 32)),
        *((BASS, 36, 0, 16), (BASS, 38, 16, 30)),
        *((DRUMS, 36, 0, 1), (DRUMS, 42, 0, 1), (DRUMS, 38, 17, 18)),
    )
    melody, bass, drums = tokens_of(SHORT, sequence)[0]
    note_on = {0: 60 - 19, 8: 62 - 19}
    assert melody == [note_on.get(step, 1 if step == 4 else 0) for step in range(32)]
    assert bass == [{0: 17, 16: 19, 30: 1}.get(step, 0) for step in range(32)]
    assert drums == [{0: 0b101, 17: 0b10}.get(step, 0) for step in range(32)]


def test_every_melody_is_taken_with_every_bass_and_kit():
    second = {MELODY: (2, 31, False), BASS: (3, 39, False), DRUMS: (10, 0, True)}
    notes = beat(2, MELODY, BASS, DRUMS)
    for part, copies in ((MELODY, 2), (BASS, 2), (DRUMS, 2)):
        assert len(tokens_of(SHORT, piece(*notes, *beat(2, second[part])))) == copies
    every = piece(*notes, *beat(2, *second.values()))
    assert len(tokens_of(SHORT, every)) == 8


def test_rests_of_gap_bars_count_as_playing():
    strict, lenient = (TrioConverter(slice_bars=8, gap_bars=gap) for gap in (1, 2))
    rest = [*beat(8, MELODY, DRUMS), *beat(2, BASS), *beat(2, BASS, first_bar=6)]
    assert len(tokens_of(lenient, piece(*rest))) == 1
    with pytest.raises(NotConvertible, match="no_overlap"):
        tokens_of(strict, piece(*rest))


def test_at_the_ends_one_part_is_enough():
    converter = TrioConverter(slice_bars=8, gap_bars=2)
    late = [*beat(8, DRUMS), *beat(3, MELODY, BASS, first_bar=4)]
    assert len(tokens_of(converter, piece(*late))) == 1
    with pytest.raises(NotConvertible, match="no_overlap"):
        tokens_of(converter, piece(*beat(8, DRUMS), *beat(2, MELODY, BASS, first_bar=5)))


@pytest.mark.parametrize(
    ("rule", "sequence", "received"),
    [
        ("no_notes", piece(), "none"),
        ("no_trio", piece(*beat(2, MELODY, BASS)), "only drums"),
        ("no_trio", piece(*beat(2, MELODY, (1, 40, False), DRUMS)), "only bass"),
        ("no_trio", piece(*beat(2, BASS, DRUMS), (BASS, 36, 0, 1), (DRUMS, 36, 0, 4)), "melody"),
        ("no_trio", piece(*beat(2, MELODY, BASS, DRUMS), ((0, 5, True), 36, 0, 4)), "melody"),
        ("too_short", piece(*beat(1, MELODY, BASS, DRUMS)), "1 bars"),
        ("no_overlap", piece(*beat(2, MELODY, BASS), (DRUMS, 100, 0, 4)), "none"),
        ("metre", piece(*beat(2, MELODY, BASS, DRUMS), metres=[(3, 4, 0)]), "3/4"),
        ("tempo", piece(*beat(2, MELODY, BASS, DRUMS), tempos=[(0, 0)]), "0 qpm"),
        ("too_long", piece(*beat(2, MELODY, BASS, DRUMS), (BASS, 36, 0, 1e9)), " s"),
    ],
)
def test_refusal_says_rule_and_what_came(rule, sequence, received):
    with pytest.raises(NotConvertible) as refused:
        list(SHORT.to_examples(sequence))
    assert refused.value.rule == rule
    assert rule in str(refused.value) and "Allowed: " in str(refused.value)
    assert received in str(refused.value).partition("Received: ")[2]


def test_a_piece_is_split_where_the_metre_changes():
    notes = beat(6, MELODY, BASS, DRUMS)
    metres = [(4, 4, 0), (3, 4, 32 * SIXTEENTH), (4, 4, 80 * SIXTEENTH)]
    with pytest.raises(NotConvertible, match="too_short|metre"):
        tokens_of(TrioConverter(slice_bars=3), piece(*notes, metres=metres))
    assert len(tokens_of(SHORT, piece(*notes, metres=metres[:2]))) == 1
    assert len(tokens_of(SHORT, piece(*notes))) == 5


def test_cap_draws_in_training_and_takes_the_first_otherwise():
    band = sequence_of(BAND)
    every = tokens_of(TrioConverter(), band)
    capped = TrioConverter(max_tensors_per_notesequence=3)
    assert tokens_of(capped.with_mode("eval"), band) == every[:3]
    drawn = [tokens_of(dataclasses.replace(capped, seed=seed), band) for seed in range(4)]
    assert all(len(windows) == 3 for windows in drawn) and any(d != every[:3] for d in drawn)


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
    inputs = moving.to_model(batch, True, tf.constant([2, 1]))["inputs"].numpy()
    melody, bass, drums = (p[:, 0].argmax(-1) for p in np.split(inputs, [90, 180], axis=-1))
    np.testing.assert_array_equal(melody, bass)
    assert (drums == drums[0]).all()
    counts = np.bincount(melody - (40 - 19) + 3, minlength=7)
    expected = 3000 / 7
    assert len(counts) == 7
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected * 6 / 7)).all()


# Notes and options


def test_decoded_parts_have_their_instruments():
    view = next(views(SHORT, piece(*beat(2, MELODY, BASS, DRUMS))))
    sequence = SHORT.from_outputs(view["targets"], qpm=60)
    rows = note_rows(sequence)
    assert {tuple(row) for row in rows[:, 4:].tolist()} == {(0, 0, 0), (1, 33, 0), (9, 0, 1)}
    assert set(rows[:, 1]) == {80} and sequence.tempos[0].qpm == 60
    melody = rows[rows[:, 4] == 0]
    np.testing.assert_allclose(melody[:, 2:4], [[0, 1], [2, 3], [4, 5], [6, 7]])
    with pytest.raises(LofiError, match=r"Allowed: \[T, 692\]"):
        SHORT.from_outputs(view["targets"][:, 1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slice_bars": 0}, "slice_bars"),
        ({"slice_bars": None}, "slice_bars"),
        ({"gap_bars": -1}, "gap_bars"),
        ({"max_bars": 0}, "max_bars"),
        ({"condition_on_key": 1}, "condition_on_key"),
        ({"chord_encoding": "pitch"}, "chord_encoding"),
        ({"unknown_chord": "keep"}, "unknown_chord"),
        ({"coincident_chords": "first"}, "coincident_chords"),
        ({"transpose_range": 3}, "transpose_range"),
        ({"stretch_range": [2, 1]}, "stretch_range"),
        ({"mode": "test"}, "mode"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LofiError, match=message):
        TrioConverter(**options)

"""The trio converter beside Magenta's answers, and what a trio is."""

import dataclasses
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import check_converter, note_rows, sequence_of
from tests.ensemble_answers import cases, digests
from tests.pieces import BASS, DRUMS, MELODY, SIXTEENTH, beat, tokens_of, views
from tests.pieces import trio_piece as piece

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band4.mid"
EXAMPLES = {  # of the shipped part of the goldens
    "flat-trio_16bar": 12 + 12,
    "hierdec-trio_16bar": 12,
    "hier-trio_16bar": 12,
}
MAGENTAS_WAY = {"unknown_chord": "error", "coincident_chords": "error"}
SHORT = TrioConverter(slice_bars=2)
CASES = cases("trio")


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
    whole = to_model(converter, batch, training=False)
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    singles = list(dataset.map(lambda example: to_model(converter, example, False)))
    assert len(singles) == 12
    for index, view in enumerate(singles):
        for name, spec in converter.model_spec.items():
            assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(view[name])
            np.testing.assert_array_equal(view[name], whole[name][index])


def test_depths_are_magentas():
    converter = build_converter(load_config("hierdec-trio_16bar").data.converter)
    assert converter.track_depths == (90, 90, 512)
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
    (one,) = tokens_of(SHORT, piece(*notes))
    for part in second.values():
        assert tokens_of(SHORT, piece(*notes, *beat(2, part))) == [one] * 2
    assert tokens_of(SHORT, piece(*notes, *beat(2, *second.values()))) == [one] * 8


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

"""The converters of lines and ensembles beside Magenta's answers, and that this can fail."""

import pickle
import shutil

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.model_inputs.view import to_model
from tests.converter_answers import cases, digests
from tests.converter_parity import check_converter, sequence_of
from tests.paths import DATA

GOLDEN = DATA / "golden"
EXAMPLES = {  # of the shipped part of the goldens
    "cat-drums_2bar_small": 8 + 11 + 8 + 14 + 8,
    "cat-drums_2bar_big": 8 + 11 + 8 + 14 + 8,
    "nade-drums_2bar_reduced": 8 + 11 + 8 + 14 + 8,
    "nade-drums_2bar_full": 8 + 11 + 8 + 15 + 8,
    "cat-mel_2bar_small": 21 + 30 + 37 + 21,
    "cat-mel_2bar_big": 21 + 30 + 37 + 21,
    "cat-mel_2bar_med_chords": 28 + 40 + 28,
    "flat-mel_16bar": 12 + 36 + 12,
    "hierdec-mel_16bar": 12 + 36 + 12,
    "hier-mel_16bar": 12 + 36 + 12,
    "flat-trio_16bar": 12 + 12,
    "hierdec-trio_16bar": 12,
    "hier-trio_16bar": 12,
    "hier-multiperf_vel_1bar_med": 8 + 8 + 11,
    "hier-multiperf_vel_1bar_big": 8,
    "hier-multiperf_vel_1bar_med_chords": 11,
    "hier-multiperf_vel_1bar_big_chords": 11 + 11,
}
CASES = cases()
MAGENTAS_WAY = {"unknown_chord": "error", "coincident_chords": "error"}
CHORDED = ("melody", "trio")  # kinds that take these options
CONTROLLED = {"chord_encoding": "triad", "condition_on_key": True}
GRAPHS = [  # a config, changed options, a piece, and the examples in it
    *((name, {}, "band1.mid", 11) for name in EXAMPLES if "drums" in name),
    ("flat-trio_16bar", {}, "band4.mid", 12),
    ("flat-trio_16bar", CONTROLLED, "band4.mid", 12),
    *((name, {}, "band1_chords.pb", 11) for name in EXAMPLES if "multiperf" in name),
]


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
    kind, options, sequence, expected = CASES[index]
    strict = MAGENTAS_WAY if kind in CHORDED else {}
    converter = build_converter({"kind": kind, **options, **strict, "mode": "eval"})
    assert digests(converter, sequence) == expected


@pytest.mark.parametrize(("kind", "least"), [("trio", 600), ("multi_performance", 150)])
def test_cases_cover_what_they_should(kind, least):
    found = [(piece, expected) for case, _, piece, expected in CASES if case == kind]
    assert sum(len(expected) for _, expected in found) > least
    assert any(len(piece.tempos) > 1 for piece, _ in found)
    if kind == "trio":
        assert any(note.instrument > 127 for piece, _ in found for note in piece.notes)
    else:
        assert any(piece.control_changes for piece, _ in found)


def altered(folder, config, change):
    """Returns a copy of the goldens' folder in which a config's answers are changed."""
    shutil.copytree(GOLDEN / "inputs", folder / "inputs")
    (folder / "tensors").mkdir()
    answers = dict(np.load(GOLDEN / "tensors" / f"{config}.npz"))
    np.savez(folder / "tensors" / f"{config}.npz", **change(answers))
    return folder


@pytest.mark.parametrize("part", ["outputs", "length", "notes"])
@pytest.mark.parametrize(
    ("config", "piece"),
    [("hier-trio_16bar", "band4.mid"), ("hier-multiperf_vel_1bar_big", "band3.mid")],
)
def test_parity_fails_on_one_wrong_number(tmp_path, config, piece, part):
    def wrong(answers):
        key = f"eval|{piece}|7|{part}"
        answers[key] = np.array(answers[key])
        answers[key].reshape(-1)[:1] += 1
        return answers

    rows = check_converter(config, altered(tmp_path, config, wrong))
    assert [row.check for row in rows if not row.ok] == [part]


def test_parity_fails_where_an_example_differs_or_is_missing(tmp_path):
    def wrong(answers):
        answers["eval|band0.mid|3|inputs"] = answers["eval|band0.mid|3|inputs"][::-1]
        return {key: part for key, part in answers.items() if "|band1.mid|7|" not in key}

    config = "cat-mel_2bar_small"
    rows = {row.check: row for row in check_converter(config, altered(tmp_path, config, wrong))}
    assert not rows["inputs"].ok and not rows["count"].ok and not rows["files"].ok


@pytest.mark.parametrize(("config", "options", "piece", "count"), GRAPHS)
def test_examples_match_their_spec_and_the_graph_its_own(config, options, piece, count):
    converter = build_converter(load_config(config).data.converter | options)
    converter = pickle.loads(pickle.dumps(converter))
    examples = list(converter.to_examples(sequence_of(GOLDEN / "inputs" / piece)))
    for example in examples:
        assert set(example) == set(converter.example_spec)
        for name, spec in converter.example_spec.items():
            stored = tf.constant(example[name])
            assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(stored)
    batch = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    whole = to_model(converter, batch, training=False)
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    singles = list(dataset.map(lambda example: to_model(converter, example, False)))
    assert len(singles) == count
    for index, view in enumerate(singles):
        for name, spec in converter.model_spec.items():
            assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(view[name])
            np.testing.assert_array_equal(view[name], whole[name][index])

"""What a model sees of a melody: its tensors, padding, transposition by closed form."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.model_inputs.view import to_model
from tests.converter_parity import sequence_of
from tests.pieces import melody_piece as piece
from tests.pieces import tokens_of

GOLDEN = Path(__file__).parent / "data" / "golden"
MELODIES = [name for name in config_names() if "-mel_" in name]
CHORDS = GOLDEN / "inputs" / "band0_chords.pb"


def moved(converter, sequence, shift):
    """Returns what training makes of every example, transposed by `shift`."""
    converter = dataclasses.replace(converter, transpose_range=[shift, shift])
    for example in converter.to_examples(sequence):
        view = to_model(converter, example, training=True, seed=tf.constant([3, 4]))
        yield {name: part.numpy() for name, part in view.items()}


@pytest.mark.parametrize("config", MELODIES)
def test_dataset_graph_gives_what_the_spec_says(config):
    converter = build_converter(load_config(config).data.converter).with_mode("eval")
    source = CHORDS if "chords" in config else GOLDEN / "inputs" / "band4.mid"
    examples = list(converter.to_examples(sequence_of(source)))
    batch = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    for name, spec in converter.example_spec.items():
        assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(
            tf.constant(examples[0][name])
        )
    seed = tf.constant([1, 2])
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    views = list(dataset.map(lambda example: to_model(converter, example, True, seed)))
    assert len(views) == len(examples) > 0
    for name, spec in converter.model_spec.items():
        assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(views[0][name])
    whole = to_model(converter, batch, training=False)
    assert (whole["targets"].numpy().argmax(-1) == batch["tokens"]).all()


def test_padding_is_zeros():
    converter = MelodyConverter(chord_encoding="triad")
    example = {"tokens": np.zeros((2, 8), np.uint8), "chords": np.zeros((2, 8), np.uint8)}
    view = to_model(converter, example | {"length": np.array([3, 8], np.int32)}, training=False)
    for name in ("inputs", "targets", "controls"):
        np.testing.assert_array_equal(view[name].numpy().sum((1, 2)), [3, 8])


# Transposition


@pytest.mark.parametrize("shift", [-5, -1, 0, 3, 7])
def test_transposition_equals_that_of_the_notes(shift):
    from note_seq.sequences_lib import transpose_note_sequence

    notes = [(50 + 7 * i % 25, 4 * i, 4 * i + 2 + i % 4) for i in range(24)]
    chords = [(text, 8 * i) for i, text in enumerate(["C", "F#m", "N.C.", "Bbaug", "Edim", "A7/G"])]
    sequence = piece(*notes, chords=chords, keys=[(2, 0), (9, 24)])
    converter = MelodyConverter(slice_bars=2, chord_encoding="triad", condition_on_key=True)
    first = [
        {name: part.numpy() for name, part in to_model(converter, example, False).items()}
        for example in converter.to_examples(transpose_note_sequence(sequence, shift)[0])
    ]
    ours = list(moved(converter, sequence, shift))
    assert len(ours) == len(first) > 4
    for mine, reference in zip(ours, first, strict=True):
        for name in reference:
            np.testing.assert_array_equal(mine[name], reference[name])


@pytest.mark.parametrize("shift", [-4, 4, 6])
def test_notes_that_leave_the_range_are_left_out(shift):
    """Where a note ends before the next begins, ours is what Magenta makes of the moved notes."""
    pitches = [60, 107, 24, 62, 108, 108, 70, 21, 65, 104]
    notes = [(pitch, 3 * i, 3 * i + 1 + i % 3) for i, pitch in enumerate(pitches)]
    converter = MelodyConverter(gap_bars=None)
    kept = [(p + shift, s, e) for p, s, e in notes if 21 <= p + shift <= 108]
    assert len(kept) < len(notes)
    expected = tokens_of(converter, piece(*kept))[0]
    found = next(moved(converter, piece(*notes), shift))["targets"].argmax(-1).tolist()
    assert found[: len(expected)] == expected and not any(found[len(expected) :])


def test_a_note_left_out_ends_the_note_before():
    notes = [(60, 0, 8), (107, 4, 12), (62, 16, 32)]
    found = next(moved(MelodyConverter(), piece(*notes), 2))["targets"].argmax(-1)
    np.testing.assert_array_equal(np.flatnonzero(found), [0, 4, 16])
    assert found[[0, 4, 16]].tolist() == [43, 1, 45]


def test_every_shift_is_as_likely_and_the_seed_decides():
    converter = MelodyConverter(slice_bars=1, transpose_range=[-5, 5])
    example = next(converter.to_examples(piece((60, 0, 16))))
    batch = {name: np.stack([part] * 5500) for name, part in example.items()}

    def shifts(seed, training=True):
        view = to_model(converter, batch, training, tf.constant(seed))
        return view["targets"].numpy()[:, 0].argmax(-1) - 41

    drawn = shifts([0, 1])
    counts = np.bincount(drawn + 5)
    assert len(counts) == 11
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500 * 10 / 11)  # five standard deviations
    np.testing.assert_array_equal(drawn, shifts([0, 1]))
    assert (drawn != shifts([0, 2])).any()
    assert not shifts([0, 1], training=False).any()


def test_an_end_token_stays_in_place():
    converter = MelodyConverter(slice_bars=1, add_end_token=True)
    view = next(moved(converter, piece((100, 0, 16)), 9))
    assert view["targets"].argmax(-1).tolist() == [0] * 16 + [90]

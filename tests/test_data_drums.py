"""The drum converter, by hand."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.drum_classes import FULL
from lofi_tf.music.sequence_proto import NoteSequence
from tests.converter_parity import note_rows, sequence_of

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band1.mid"
SIXTEENTH = 0.125  # seconds at 120 qpm
KICK, SNARE, HAT = 1, 2, 4


def beat(*notes, metres=()):
    """Returns a NoteSequence of (pitch, step) drum notes and (numerator, denominator) metres."""
    sequence = NoteSequence()
    for pitch, step in notes:
        start = step * SIXTEENTH
        sequence.notes.add(
            pitch=pitch, velocity=80, start_time=start, end_time=start + 0.1, is_drum=True
        )
    for numerator, denominator in metres:
        sequence.time_signatures.add(numerator=numerator, denominator=denominator)
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0)
    return sequence


def masks_of(converter, sequence):
    return [example["drums"].tolist() for example in converter.to_examples(sequence)]


# By hand


def test_drums_hit_together_are_one_number():
    sequence = beat((36, 0), (35, 0), (42, 0), (38, 4), (20, 5))
    assert masks_of(DrumsConverter(), sequence) == [[KICK | HAT, 0, 0, 0, SNARE] + [0] * 11]


def test_melodic_and_silent_notes_do_not_count():
    sequence = beat((36, 0), (38, 4), (42, 8))
    sequence.notes[1].is_drum = False
    sequence.notes[2].velocity = 0
    assert masks_of(DrumsConverter(), sequence) == [[KICK] + [0] * 15]


def test_a_silent_bar_ends_a_track_and_the_next_begins_with_its_bar():
    sequence = beat((36, 0), (36, 16), (38, 36))
    kick, snare = [KICK] + [0] * 15, [0] * 4 + [SNARE] + [0] * 11
    assert masks_of(DrumsConverter(slice_bars=1), sequence) == [kick, snare]
    assert masks_of(DrumsConverter(slice_bars=2), sequence) == [kick + kick]
    whole = DrumsConverter(slice_bars=3, gap_bars=None)
    assert masks_of(whole, sequence) == [kick + kick + snare]


def test_rolls_and_one_hots_of_a_step():
    examples = list(DrumsConverter().to_examples(beat((36, 0), (51, 0), (38, 2))))
    one_hot = to_model(DrumsConverter(), examples[0], training=False)
    assert one_hot["inputs"].numpy().argmax(-1)[:3].tolist() == [1 + 256, 0, 2]
    roll = to_model(DrumsConverter(roll_input=True, roll_output=True), examples[0], training=False)
    np.testing.assert_array_equal(roll["inputs"][0], [1, 0, 0, 0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(roll["inputs"][1], [0] * 9 + [1])
    np.testing.assert_array_equal(roll["targets"][0], [1, 0, 0, 0, 0, 0, 0, 0, 1])
    assert not roll["targets"][1].numpy().any()


@pytest.mark.parametrize("roll", [False, True])
def test_every_set_of_drums_comes_back(roll):
    converter = DrumsConverter(roll_input=roll, roll_output=roll)
    masks = np.random.default_rng(1).integers(0, 512, 64)
    example = {"drums": masks.astype(np.int32), "length": np.int32(64)}
    outputs = to_model(converter, example, training=False)["targets"].numpy()
    sequence = converter.from_outputs(outputs)
    back = DrumsConverter(gap_bars=None, pad_to_total_time=True)
    found = next(back.to_examples(sequence))["drums"]
    np.testing.assert_array_equal(found, masks[: len(found)])
    assert not masks[len(found) :].any()


def test_all_61_pitches_have_a_bit_of_their_own():
    converter = DrumsConverter(pitch_classes="full", roll_input=True, roll_output=True)
    sequence = beat(*((pitch, step) for step, (pitch,) in enumerate(FULL)))
    example = next(converter.to_examples(sequence))
    assert example["drums"].dtype == np.int64
    view = to_model(converter, example, training=False)
    np.testing.assert_array_equal(view["targets"][:61], np.eye(61))
    decoded = note_rows(converter.from_outputs(view["targets"].numpy()))
    assert decoded[:, 0].tolist() == [pitch for (pitch,) in FULL]


@pytest.mark.parametrize("qpm", [120.0, 97.0])
def test_decoded_notes_by_hand(qpm):
    outputs = np.eye(512)[[KICK | HAT, 0, SNARE]]
    sequence = DrumsConverter().from_outputs(outputs, qpm)
    step = 15 / qpm
    expected = [
        [36, 80, 0, step, 9, 0, 1],
        [42, 80, 0, step, 9, 0, 1],
        [38, 80, 2 * step, 3 * step, 9, 0, 1],
    ]
    np.testing.assert_allclose(note_rows(sequence), expected, rtol=1e-15)
    assert sequence.total_time == pytest.approx(3 * step) and sequence.tempos[0].qpm == qpm


@pytest.mark.parametrize("roll", [False, True])
def test_an_end_token_ends_the_music(roll):
    converter = DrumsConverter(add_end_token=True, roll_input=roll, roll_output=roll)
    example = next(converter.to_examples(beat((36, 0))))
    assert example["drums"].tolist() == [KICK] + [0] * 15 + [512] and example["length"] == 17
    outputs = to_model(converter, example, training=False)["targets"].numpy()
    assert outputs[16].argmax() == converter.end_token == converter.output_depth - 1
    early = np.concatenate([outputs[:4], outputs[16:], outputs[:4]])
    assert len(converter.from_outputs(early).notes) == 1


def test_padding_is_zeros():
    converter = DrumsConverter(roll_input=True)
    example = {"drums": np.zeros((2, 8), np.int32), "length": np.array([3, 8], np.int32)}
    view = to_model(converter, example, training=False)
    for name in ("inputs", "targets"):
        np.testing.assert_array_equal(view[name].numpy().sum((1, 2)), [3, 8])


def test_cap_draws_in_training_and_takes_the_first_otherwise():
    sequence = sequence_of(BAND)
    every = masks_of(DrumsConverter(slice_bars=2), sequence)
    converter = DrumsConverter(slice_bars=2, max_tensors_per_notesequence=3)
    assert masks_of(converter.with_mode("eval"), sequence) == every[:3]
    drawn = [masks_of(dataclasses.replace(converter, seed=seed), sequence) for seed in range(4)]
    assert drawn[1] == masks_of(dataclasses.replace(converter, seed=1), sequence)
    assert all(len(windows) == 3 for windows in drawn) and drawn[0] != drawn[1]


# Refusals


@pytest.mark.parametrize(
    ("rule", "options", "sequence"),
    [
        ("no_notes", {}, beat()),
        ("no_notes", {}, beat((20, 0))),
        ("too_short", {"slice_bars": 2}, beat((36, 0))),
        ("metre", {}, beat((36, 0), metres=[(5, 4)])),
        ("metre", {}, beat((36, 0), metres=[(4, 5)])),
        ("too_long", {}, beat((36, 9e6))),
    ],
)
def test_refusal_says_rule_and_what_came(rule, options, sequence):
    with pytest.raises(NotConvertible, match=f"{rule}: .*Allowed: .*Received: ") as refused:
        masks_of(DrumsConverter(**options), sequence)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    "options",
    [
        {"pitch_classes": "full"},
        {"pitch_classes": "full", "roll_input": True},
        {"pitch_classes": [[36], [36]]},
    ],
)
def test_bad_options_are_refused_with_what_is_allowed(options):
    with pytest.raises(LofiError, match="Allowed: .*Received: "):
        DrumsConverter(**options)


@pytest.mark.parametrize("shape", [(32, 511), (512,), (1, 32, 512)])
def test_outputs_of_another_shape_are_refused(shape):
    with pytest.raises(LofiError, match=r"Allowed: \[T, 512\]"):
        DrumsConverter().from_outputs(np.zeros(shape))


def test_converter_is_pickled_with_its_options():
    converter = DrumsConverter(pitch_classes="full", roll_input=True, roll_output=True)
    assert pickle.loads(pickle.dumps(converter)) == converter

"""Pairs of sound and notes: what symbols say, what is stored, how mixtures are drawn."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.data.converters.note_events import NoteEvent, roll_of
from lofi_tf.data.converters.paired import Pair, PairedConverter, instrument_id
from lofi_tf.data.converters.symbols import Symbol, SymbolLayout, pitch_of, symbol_of, velocity_of
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.data.storage.dataset import evaluation_batches, training_batches
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError, LofiWarning, NotConvertible

RATE = 22050
HELD = 30 * 704 / RATE  # seconds: five windows of four frames, from the tenth on


def sine(hz, amplitude=0.5, seconds=1.2):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(
        "f"
    )


def hz_of(pitch):
    return 440 * 2 ** ((pitch - 69) / 12)


def test_symbols_of_notes():
    assert symbol_of(60, 127) == Symbol(octave=4, pitch=0, dynamics=4)
    assert symbol_of(12, 1) == Symbol(octave=0, pitch=0, dynamics=0)
    assert symbol_of(119, 64) == Symbol(octave=8, pitch=11, dynamics=2)
    for pitch in range(12, 120):
        assert pitch_of(symbol_of(pitch, 64)) == pitch
    for dynamics in range(5):
        assert symbol_of(60, velocity_of(dynamics)).dynamics == dynamics
    assert pitch_of(Symbol()) is None


@pytest.mark.parametrize("extra", [True, False])
def test_layout_is_its_own_inverse(extra):
    layout = SymbolLayout(2, zero_extra_class=extra)
    assert layout.depth == 2 * (9 + 12 + 5 + 3 * extra)
    played = [symbol_of(61, 100), Symbol()]
    vector = layout.encode(played)
    assert vector.sum() == (6 if extra else 3)
    assert layout.decode(vector) == played
    only = SymbolLayout(1, ("pitch",))
    assert only.decode(only.encode([symbol_of(61, 100)])) == [Symbol(pitch=1)]


def test_rolls_hold_velocities_while_notes_sound():
    notes = [NoteEvent(60, 50, 0.0, 1.0), NoteEvent(64, 90, 0.5, 2.0)]
    roll = roll_of(notes, np.array([0.0, 0.5, 0.99, 1.0, 2.0]))
    assert roll[:, 60].tolist() == [50, 50, 50, 0, 0]
    assert roll[:, 64].tolist() == [0, 90, 90, 90, 0]
    assert roll.sum() == 3 * 50 + 3 * 90


@pytest.fixture(scope="module")
def converter():
    return PairedConverter(("a", "b"), num_frames=4, random_mode="bernoulli")


def examples_of(converter, pitches, instrument):
    pairs = [
        Pair(sine(hz_of(pitch), seconds=3), [NoteEvent(pitch, 100, 0, HELD)], instrument)
        for pitch in pitches
    ]
    return [example for _, example in converter.paired_examples(pairs)]


@pytest.fixture(scope="module")
def stored(converter):
    found = examples_of(converter, [60, 72], "a") + examples_of(converter, [48], "b")
    arrays = {name: np.stack([one[name] for one in found]) for name in found[0]}
    return Examples(arrays, np.array([str(n) for n in range(len(found))]))


def band_of(converter, pitch):
    return round(converter.bins_per_octave * np.log2(hz_of(pitch) / converter.low_hz))


def test_a_note_sounds_in_its_band_at_its_level(converter, stored):
    arrays = stored.arrays
    assert {name: (value.dtype, value.shape[1:]) for name, value in arrays.items()} == {
        name: (spec.dtype, tuple(spec.shape)) for name, spec in converter.example_spec.items()
    }
    for number in range(len(stored)):
        pitch = int(arrays["roll"][number, 0].argmax())
        spectrum = arrays["spectrum"][number, 0].astype(float)
        assert abs(spectrum.argmax() - band_of(converter, pitch)) <= 1
        assert abs(spectrum.max() - 20 * np.log10(0.5)) < 1.5
    assert set(arrays["instrument"]) == {instrument_id("a"), instrument_id("b")}


def test_sound_beyond_full_scale_is_made_quieter_as_a_whole():
    converter = PairedConverter(("a",), low_hz=220.0, bins_per_octave=12, num_bins=36)
    view = converter.view_of(sine(440, 0.5, seconds=0.4))
    louder = view - 20 / converter.floor_db  # ten times as loud
    quiet = converter.from_outputs(view, iterations=2).samples
    with pytest.warns(LofiWarning, match="dB beyond full scale") as warned:
        loud = converter.from_outputs(louder, iterations=2).samples
    assert len(warned) == 1 and np.abs(loud).max() == 1
    assert loud == pytest.approx(quiet / np.abs(quiet).max(), abs=0.01)


def test_mixtures_add_magnitudes_and_symbols(converter, stored):
    constant = PairedConverter(("a", "b"), num_frames=4)
    layout, seen = constant.layout, set()
    for row in evaluation_batches(stored, constant, 64, 1).unbatch():
        inputs, symbols = row["inputs"].numpy()[0], layout.decode(row["targets"].numpy()[0])
        pitches = [pitch_of(symbol) for symbol in symbols]
        seen.add(tuple(pitches))
        peaks = [inputs[band_of(constant, pitch) + np.arange(-1, 2)].max() for pitch in pitches]
        assert np.allclose(peaks, 1 - 6 / 100, atol=0.02)  # both at half of full scale
    assert seen == {(60, 48), (72, 48)}


def test_bernoulli_silences_each_half_of_the_time(converter, stored):
    batches = list(training_batches(stored, converter, len(stored), 1, seed=6).take(30))
    targets = np.concatenate([found["targets"].numpy()[:, 0] for found in batches])
    inputs = np.concatenate([found["inputs"].numpy()[:, 0] for found in batches])
    symbols = [converter.layout.decode(vector) for vector in targets]
    silent = np.array([[symbol.pitch is None for symbol in row] for row in symbols])
    assert (np.abs(silent.mean(axis=0) - 0.5) < 4 * 0.5 / np.sqrt(len(silent))).all()
    both = silent.all(axis=1)
    assert both.any() and inputs[both].max() < 1e-6
    assert inputs[~both].max(axis=1).min() > 0.8


def test_training_draws_the_same_again_and_goes_on(converter, stored):
    whole = [b["inputs"].numpy() for b in training_batches(stored, converter, 4, 1, 3).take(4)]
    rest = training_batches(stored, converter, 4, 1, 3, first_step=2).take(2)
    for expected, found in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(found["inputs"], expected)
    assert np.abs(whole[0] - whole[1]).max() > 0


def test_transposition_moves_sound_and_notes_alike(stored):
    converter = PairedConverter(("a", "b"), num_frames=4, max_transpose=5)
    seen = set()
    for batch in training_batches(stored, converter, len(stored), 1, seed=2).take(6):
        for inputs, vector in zip(batch["inputs"], batch["targets"], strict=True):
            pitches = [pitch_of(s) for s in converter.layout.decode(vector.numpy()[0])]
            seen.update(pitches)
            for pitch in pitches:
                around = inputs.numpy()[0][band_of(converter, pitch) + np.arange(-2, 3)]
                assert abs(around.max() - (1 - 6 / 100)) < 0.02
    assert seen == {*range(43, 54), *range(55, 66), *range(67, 78)}
    for row in evaluation_batches(stored, converter, 64, 1).unbatch():
        symbols = converter.layout.decode(row["targets"].numpy()[0])
        assert {pitch_of(symbol) for symbol in symbols} <= {60, 72, 48}


def test_binary_labels_hold_chords_and_categorical_ones_the_highest_note():
    chord = [NoteEvent(60, 20, 0, 9), NoteEvent(64, 120, 0, 9)]
    for kind, expected in (("binary", [0, 4]), ("categorical", [4])):
        converter = PairedConverter(("a",), num_frames=2, label_type=kind)
        (example, *_) = converter.to_examples(Pair(sine(262), chord, "a"))
        given = {name: tf.constant(value)[None] for name, value in example.items()}
        vector = to_model(converter, given)["targets"].numpy()[0]
        fields = {field.label: field for field in converter.layout.fields}
        pitches = vector[fields["pitch"].begin :][:13]
        assert np.flatnonzero(pitches).tolist() == expected
        dynamics = vector[fields["dynamics"].begin :][:6]
        assert np.flatnonzero(dynamics).tolist() == ([0, 4] if kind == "binary" else [4])


@pytest.mark.parametrize(
    ("pair", "rule"),
    [
        (Pair(sine(440, seconds=0.2), [NoteEvent(69, 1, 0, 9)], "a"), "too_short"),
        (Pair(sine(440), [NoteEvent(120, 1, 0, 9)], "a"), "pitch_out_of_range"),
        (Pair(sine(440), [NoteEvent(69, 1, 0, 9)], "c"), "instrument"),
    ],
)
def test_what_gives_no_pair(converter, pair, rule):
    with pytest.raises(NotConvertible) as refused:
        list(converter.to_examples(pair))
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"instruments": []}, "instruments must have at least one"),
        ({"labels": ("pitch", "pitch")}, "labels must be a list of different"),
        ({"label_type": "onehot"}, "label_type"),
        ({"random_mode": "bernoulli", "zero_extra_class": False}, "needs zero_extra_class"),
        ({"num_frames": 0}, "num_frames must be at least 1"),
    ],
)
def test_bad_options_are_one_line(options, message):
    with pytest.raises(LofiError, match=message):
        PairedConverter(**options)


def test_an_instrument_without_examples_is_named(stored):
    with pytest.raises(LofiError, match="examples is of oboe, .*--validation_split"):
        training_batches(stored, PairedConverter(("a", "oboe"), num_frames=4), 1, 1)

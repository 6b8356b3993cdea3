"""The converters of audio clips, waveform and spectrum."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.audio.io import Audio, unquantized
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from tests.recordings import REAL, noise, tone, write

COMPONENTS = [
    {"kind": "waveform", "sample_rates": [16000, 3000], "clip_seconds": 0.3},
    {"kind": "waveform", "clip_seconds": 0.3, "channels": 2},
    {"kind": "spectrum", "clip_seconds": 0.3, "channels": 2, "num_bins": 40},
    {"kind": "spectrum", "features": "cqt", "sample_rates": [8000], "clip_seconds": 0.3},
]


@pytest.mark.parametrize("component", COMPONENTS)
def test_examples_and_model_view_are_by_spec(component):
    converter = build_converter(component)
    examples = list(converter.to_examples(REAL / "bass_hit_c.flac"))
    assert len(examples) == 2
    for example in examples:
        assert list(example) == list(converter.example_spec)
        for name, spec in converter.example_spec.items():
            assert (example[name].shape, example[name].dtype) == (tuple(spec.shape), spec.dtype)
    batch = {name: np.stack([example[name] for example in examples]) for name in examples[0]}
    view = to_model(converter, batch, training=True, seed=tf.zeros([2], tf.int32))
    for name, spec in converter.model_spec.items():
        assert view[name].shape == [2, *spec.shape]
        assert view[name].dtype == spec.dtype


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_file_and_its_samples_give_the_same_examples(component, tmp_path):
    converter = build_converter(component)
    samples = noise(1.0, 44100)
    path = write(tmp_path / "a.wav", samples)
    for one, other in zip(
        converter.to_examples(path), converter.to_examples(Audio(samples, 44100)), strict=True
    ):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [1, 100, 29995])
def test_waveforms_of_any_length_come_back_exactly(size, channels):
    samples = np.concatenate([noise(size / 3000, 3000, seed) for seed in range(channels)], 1)
    converter = build_converter(
        {"kind": "waveform", "sample_rates": [3000], "clip_seconds": size / 3000,
         "channels": channels, "silence_db": None}
    )  # fmt: skip
    (example,) = converter.to_examples(Audio(samples, 3000))
    view = to_model(converter, example)
    audio = converter.from_outputs(view["targets"].numpy())
    np.testing.assert_array_equal(audio.samples, samples)
    assert (audio.sample_rate, audio.samples.dtype) == (3000, np.float32)
    assert view["length"] == size


def test_waveform_stores_what_the_tone_is():
    converter = build_converter(COMPONENTS[0])
    example = list(converter.to_examples(Audio(tone(440, 1, 16000), 16000)))[1]
    for rate in (16000, 3000):
        seconds = 0.3 + np.arange(0.3 * rate) / rate
        expected = 0.5 * np.sin(2 * np.pi * 440 * seconds)
        found = unquantized(example[f"waveform_{rate}"])[:, 0]
        assert np.abs(found - expected).max() < 1e-3


@pytest.mark.parametrize("kind", ["waveform", "spectrum"])
def test_padding_is_zeros_for_the_model(kind):
    converter = build_converter({"kind": kind, "clip_seconds": 1.0, "pad_last": True})
    (example,) = converter.to_examples(Audio(noise(0.25), 16000))
    view = to_model(converter, example)
    length = {"waveform": 4000, "spectrum": 1 + 4000 // 256}[kind]
    assert view["length"] == length
    assert np.abs(view["inputs"][:length]).mean() > 0.01
    assert not view["inputs"][length:].numpy().any()


@pytest.mark.parametrize("kind", ["waveform", "spectrum"])
def test_padding_may_count_as_silence(kind):
    options = {"kind": kind, "clip_seconds": 0.5, "pad_last": True}
    (example,) = build_converter(options).to_examples(Audio(noise(0.25), 16000))
    view = to_model(build_converter({**options, "padding_is_silence": True}), example)
    assert view["length"] == len(view["inputs"])
    np.testing.assert_array_equal(
        view["inputs"], to_model(build_converter(options), example)["inputs"]
    )


def drawn(component, samples, count=200, rate=16000, **options):
    """The model's views of one clip, drawn in training again and again."""
    converter = build_converter({**component, "clip_seconds": len(samples) / rate, **options})
    (example,) = converter.to_examples(Audio(samples, rate))
    batch = {name: np.stack([array] * count) for name, array in example.items()}
    still = to_model(converter, batch, training=False, seed=None)
    return still, to_model(converter, batch, training=True, seed=tf.constant([1, 2]))


def test_waveforms_are_turned_over_lowered_and_shifted_in_training_alone():
    component, samples = {"kind": "waveform"}, noise(0.05)
    still, found = drawn(component, samples, random_polarity=True)
    np.testing.assert_array_equal(still["inputs"][7], samples)
    signs = (found["inputs"] / still["inputs"])[:, 0, 0].numpy()
    assert set(signs) == {-1.0, 1.0}
    assert 60 < (signs > 0).sum() < 140
    np.testing.assert_array_equal(found["inputs"], found["targets"])

    still, found = drawn(component, samples, random_gain_db=6.0)
    gains_db = 20 * np.log10((found["inputs"] / still["inputs"])[:, 5, 0])
    assert -6 <= gains_db.min() < -5 and -1 < gains_db.max() <= 0

    still, found = drawn(component, samples, random_shift_seconds=0.001)
    shifts = set()
    for clip, length in zip(found["inputs"][..., 0].numpy(), found["length"].numpy(), strict=True):
        by = int(np.flatnonzero(clip)[0]) if length == 800 else int(length) - 800
        shifts.add(by)
        expected = np.concatenate([np.zeros(max(by, 0)), samples[max(-by, 0) :, 0], np.zeros(20)])
        np.testing.assert_array_equal(clip, expected[:800])
    assert shifts == set(range(-16, 17))


def test_spectra_are_lowered_by_whole_decibels_in_training():
    still, found = drawn({"kind": "spectrum"}, noise(0.1), random_gain_db=20.0)
    lowered_db = 100 * (still["inputs"] - found["inputs"])[:, 3].numpy()
    np.testing.assert_allclose(lowered_db, lowered_db[:, :1] + np.zeros([1, 80]), atol=1e-3)
    assert 0 <= lowered_db.min() < 2 and 18 < lowered_db.max() <= 20


@pytest.mark.parametrize("features", ["mel", "cqt"])
def test_spectrum_of_the_model_runs_from_floor_to_full_scale(features):
    converter = build_converter(
        {"kind": "spectrum", "features": features, "clip_seconds": 0.5, "silence_db": None}
    )
    loud, silent = (
        to_model(converter, next(converter.to_examples(Audio(samples, 16000))))["inputs"]
        for samples in (tone(440, 0.5, 16000, amplitude=0.99), np.zeros([8000, 1]))
    )
    assert 0.95 < np.max(loud) < 1.05
    assert not silent.numpy().any()


def test_spectrum_gives_clips_of_the_right_length():
    converter = build_converter({"kind": "spectrum", "clip_seconds": 0.33, "channels": 2})
    clip = np.repeat(noise(0.33), 2, 1)
    (example,) = converter.to_examples(Audio(clip, 16000))
    outputs = to_model(converter, example)["inputs"].numpy()
    assert converter.from_outputs(outputs).samples.shape == (5280, 2)
    assert converter.from_outputs(outputs[:5]).samples.shape == (1024, 2)


def test_stereo_spectrum_has_the_left_bins_first():
    converter = build_converter({"kind": "spectrum", "clip_seconds": 0.5, "channels": 2})
    left = np.concatenate([tone(440, 0.5, 16000), np.zeros([8000, 1])], 1)
    (example,) = converter.to_examples(Audio(left, 16000))
    spectrum = example["mel_16000"]
    assert spectrum[:, :80].max() > -10
    assert spectrum[:, 80:].max() == -100


def test_loudness_is_that_of_the_whole_recording():
    converter = build_converter({"kind": "waveform", "normalize_loudness": "-20dB"})
    quiet, loud = tone(440, 2, 16000, amplitude=0.001), tone(440, 2, 16000, amplitude=0.01)
    clips = list(converter.to_examples(Audio(np.concatenate([quiet, loud]), 16000)))
    powers = [np.square(unquantized(clip["waveform_16000"])).mean() for clip in clips]
    assert 10 * np.log10(np.mean(powers)) == pytest.approx(-20, abs=0.01)
    assert 10 * np.log10(powers[1] / powers[0]) == pytest.approx(20, abs=0.1)


def test_silent_clips_are_passed_over():
    converter = build_converter({"kind": "waveform", "clip_seconds": 1.0, "silence_db": -50})
    # RMS of a sine is 3.01 dB below its peak: -46.0 - 3.0 = -49 dB, -47.5 - 3.0 = -50.5 dB.
    parts = [tone(440, 1, 16000, amplitude=10 ** (db / 20)) for db in (-46.0, -47.5, -46.5)]
    assert len(list(converter.to_examples(Audio(np.concatenate(parts), 16000)))) == 2
    with pytest.raises(NotConvertible, match="all its clips are silent"):
        list(converter.to_examples(Audio(parts[1], 16000)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "waveform", "sample_rates": []}, "sample_rates must have at least one"),
        ({"kind": "waveform", "sample_rates": [8000, 8000]}, "Received: .8000, 8000."),
        ({"kind": "waveform", "clip_seconds": 0}, "at least one sample at 16000 Hz. Received: 0"),
        ({"kind": "waveform", "hop_seconds": -1}, "hop_seconds must be at least 0"),
        ({"kind": "waveform", "channels": 3}, "Allowed: 1, 2. Received: '3'"),
        ({"kind": "waveform", "normalize_loudness": "loud"}, "such as -23LUFS"),
        ({"kind": "waveform", "silence_db": "low"}, "silence_db must be a number or null"),
        ({"kind": "waveform", "random_gain_db": -3}, "random_gain_db must be at least 0"),
        ({"kind": "waveform", "random_polarity": 1}, "random_polarity"),
        ({"kind": "spectrum", "random_polarity": True}, "unknown option of the spectrum"),
        ({"kind": "waveform", "num_bins": 3}, "unknown option of the waveform converter"),
        ({"kind": "spectrum", "features": "mfcc"}, "Allowed: cqt, mel. Received: 'mfcc'"),
        ({"kind": "spectrum", "bins_per_octave": 12}, "mel has no bins_per_octave"),
        ({"kind": "spectrum", "high_hz": 9000.0}, "high_hz does not fit"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LofiError, match=message):
        build_converter(options)


@pytest.mark.parametrize("component", COMPONENTS[::2])
def test_outputs_of_another_shape_are_refused(component):
    with pytest.raises(LofiError, match="outputs of another shape"):
        build_converter(component).from_outputs(np.zeros([7, 3]))

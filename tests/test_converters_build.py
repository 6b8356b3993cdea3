"""The table of kinds: each says what it is, is built again from what it says, and refuses alike."""

import pytest

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import CONVERTERS, build_converter
from lofi_tf.errors import LofiError


@pytest.mark.parametrize("name", config_names())
def test_a_converter_is_built_again_from_its_component(name):
    converter = build_converter(load_config(name).data.converter)
    assert build_converter(converter.component) == converter
    assert hash(build_converter(converter.component)) == hash(converter)


@pytest.mark.parametrize(
    ("name", "line"),
    [  # bars and words as in the README's table of configs
        ("groovae_4bar", "drums with velocities and timing, 4 bars"),
        ("groovae_2bar_tap_fixed_velocity", "a drum part for a tapped rhythm, 2 bars"),
        ("cat-mel_2bar_med_chords", "melodies over given chords, 2 bars"),
        ("lofi_chords", "chord progressions with their rhythm, 4 bars"),
        ("flat-trio_16bar", "melody, bass and drums, 16 bars"),
        ("hier-multiperf_vel_1bar_med", "up to 8 instruments with velocities, 1 bar"),
        ("lofai_dense", "sound, 1 s at 3000 Hz"),
        ("crossmodal", "sound of notes and notes of sound"),
    ],
)
def test_a_kind_says_what_its_model_makes(name, line):
    config = load_config(name)
    assert build_converter(config.data.converter).describe(config.model.max_seq_len) == line


def test_kinds_without_notes_learn_from_shards():
    sound = {name for name, kind in CONVERTERS.items() if kind.medium != "notes"}
    assert sound == {"paired", "spectrum", "waveform"}
    assert {name for name, kind in CONVERTERS.items() if kind.shards_by} == sound


@pytest.mark.parametrize(
    ("component", "message"),
    [
        ({"kind": "melodie"}, "melody"),
        ({"kind": "melody", "slice_bar": 2}, "slice_bars"),
        ({"kind": "melody", "slice_bars": True}, "slice_bars must be a whole number or null"),
        ({"kind": "melody", "slice_bars": 0}, "slice_bars must be at least 1. Received: 0"),
        ({"kind": "trio", "slice_bars": None}, "must be a whole number. Received: None"),
        ({"kind": "drums", "roll_input": 1}, "roll_input must be true or false. Received: 1"),
        ({"kind": "groove", "mode": "sleep"}, "Allowed: eval, infer, train. Received: 'sleep'"),
        ({"kind": "melody", "transpose_range": [3]}, "must be [lowest, highest] half steps"),
        ({"kind": "melody", "stretch_range": [0, 1]}, "must be [least, largest] factor above 0"),
        (
            {"kind": "melody", "valid_programs": [128]},
            "valid_programs[0] must be at least 0",
        ),
        (
            {"kind": "melody", "gap_bars": float("nan")},
            "must be at least 0. Received: nan",
        ),
        (
            {"kind": "spectrum", "clip_seconds": float("inf")},
            "least 0. Received: inf",
        ),
        ({"kind": "melody", "valid_programs": []}, "valid_programs must have at least one item"),
        (
            {"kind": "waveform", "sample_rates": [8000, 8000]},
            "items. Received: (8000, 8000)",
        ),
        ({"kind": "paired", "instruments": ["flute", "flute"]}, "a list of different items"),
        (
            {"kind": "groove", "add_instruments": [9]},
            "[0] must be at least 0 and at most 8",
        ),
    ],
)
def test_options_out_of_range_are_one_line(component, message):
    with pytest.raises(LofiError) as caught:
        build_converter(component)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_lists_are_kept_as_tuples():
    groove = build_converter({"kind": "groove", "add_instruments": [2, 2]})
    assert groove.add_instruments == (2, 2)
    assert build_converter({"kind": "groove", "add_instruments": []}).add_instruments == ()
    assert build_converter({"kind": "melody", "valid_programs": range(3)}).valid_programs == (
        0,
        1,
        2,
    )
